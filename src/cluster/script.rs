//! A plan and a profile into batch scripts: an array of tasks for each pass, and the merge behind them.

use super::profile::Profile;
use crate::shard::Plan;
use std::path::{Path, PathBuf};

/// What is submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scripts {
    /// One for all passes: they differ by when they may begin.
    pub array: String,
    pub merge: String,
    pub tasks: u64,
}

/// The log of a task; its number is the scheduler's to fill in.
pub fn log(folder: &Path, pass: u64, task: &str) -> PathBuf {
    folder.join("logs").join(format!("pass-{pass}-task-{task}.log"))
}

/// The scripts of a plan in a folder, for the program at `program`.
pub fn scripts(plan: &Plan, folder: &Path, program: &Path, profile: &Profile) -> Scripts {
    let tasks = plan.shards.div_ceil(profile.shards_per_task.max(1));
    let head = |extra: &[String]| {
        let mut head = String::from("#!/bin/bash\n");
        let mut option = |text: &str| head += &format!("#SBATCH {text}\n");
        option(&format!("--chdir={}", plain(&plan.directory)));
        option("--open-mode=append");
        let settings = [("partition", &profile.partition), ("account", &profile.account), ("time", &profile.time)];
        for (name, value) in settings {
            if let Some(value) = value {
                option(&format!("--{name}={value}"));
            }
        }
        if let Some(memory) = &profile.memory {
            option(&format!("--mem={memory}"));
        }
        option(&format!("--cpus-per-task={}", profile.cpus));
        profile.options.iter().chain(extra).for_each(|text| option(text));
        head += "\n";
        for module in &profile.modules {
            head += &format!("module load {}\n", quoted(module));
        }
        head + "export RAYON_NUM_THREADS=\"${SLURM_CPUS_PER_TASK:-1}\"\n"
    };
    let levada = quoted(&program.display().to_string());
    let file = quoted(&folder.join(crate::shard::PLAN).display().to_string());
    let own = [
        "--job-name=levada".to_owned(),
        format!("--array=0-{}", tasks.saturating_sub(1)),
        "--requeue".to_owned(),
        format!("--signal=B:TERM@{}", profile.warning),
    ];
    let array = format!(
        r#"{head}levada={levada}
plan={file}
each={each}
shards={shards}
retries={retries}

# Before the time limit the work is told to keep what it has, and the task queues again.
child=
ending=
trap 'ending=1; if [ -n "$child" ]; then kill -TERM "$child" 2>/dev/null; fi' TERM

first=$((SLURM_ARRAY_TASK_ID * each))
for ((shard = first; shard < first + each && shard < shards; shard++)); do
    for ((attempt = 0; ; attempt++)); do
        if [ -z "$ending" ]; then
            "$levada" shard "$plan" "$shard" &
            child=$!
            wait "$child"
            status=$?
            # A signal ends a wait before the work has ended.
            while kill -0 "$child" 2>/dev/null; do
                wait "$child"
                status=$?
            done
            child=
        fi
        if [ -n "$ending" ]; then
            echo "shard $shard: time is nearly up, queued again"
            scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
            exit 0
        fi
        if [ "$status" -eq 0 ]; then
            echo "shard $shard: done"
            break
        fi
        echo "shard $shard: attempt $((attempt + 1)) ended with status $status"
        if [ "$attempt" -ge "$retries" ]; then
            exit "$status"
        fi
    done
done
"#,
        head = head(&own),
        each = profile.shards_per_task,
        shards = plan.shards,
        retries = profile.retries,
    );
    let own = ["--job-name=levada-merge".to_owned(), "--requeue".to_owned()];
    let merge = format!("{}{levada} merge {file}\n", head(&own));
    Scripts { array, merge, tasks }
}

/// A path in a line of options, where Slurm knows no quotes but backslashes.
fn plain(path: &Path) -> String {
    let mut text = String::new();
    for character in path.display().to_string().chars() {
        if character.is_whitespace() || matches!(character, '\\' | '"' | '\'') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// A word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Profile, quoted, scripts};
    use crate::shard::Plan;
    use std::path::Path;

    #[test]
    fn scripts_say_what_plan_and_profile_say() {
        let plan = Plan {
            version: String::new(),
            command: Vec::new(),
            directory: "/home/a b".into(),
            results: "/home/a b/out".into(),
            shards: 7,
            passes: 1,
        };
        let profile = Profile {
            partition: Some("short".to_owned()),
            memory: Some("4G".to_owned()),
            cpus: 2,
            shards_per_task: 3,
            modules: vec!["gcc/13".to_owned()],
            options: vec!["--qos=low".to_owned()],
            ..Profile::default()
        };
        let made = scripts(&plan, Path::new("/home/a b/night"), Path::new("/opt/levada"), &profile);
        assert_eq!(made.tasks, 3);
        assert_eq!(
            made.merge,
            "#!/bin/bash\n#SBATCH --chdir=/home/a\\ b\n#SBATCH --open-mode=append\n#SBATCH --partition=short\n\
             #SBATCH --mem=4G\n#SBATCH --cpus-per-task=2\n#SBATCH --qos=low\n#SBATCH --job-name=levada-merge\n\
             #SBATCH --requeue\n\nmodule load 'gcc/13'\nexport RAYON_NUM_THREADS=\"${SLURM_CPUS_PER_TASK:-1}\"\n\
             '/opt/levada' merge '/home/a b/night/plan.json'\n"
        );
        for line in ["#SBATCH --array=0-2", "#SBATCH --signal=B:TERM@90", "each=3", "shards=7", "retries=2"] {
            assert!(made.array.lines().any(|own| own == line), "{line}");
        }
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
