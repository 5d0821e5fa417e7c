//! What a cluster must be told of every job, from a TOML file.

use super::fault::Fault;
use crate::diagnostic::{Source, Span};
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

/// Settings of jobs; what is absent is left to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub partition: Option<String>,
    pub account: Option<String>,
    /// Limit of a task, as Slurm writes it.
    pub time: Option<String>,
    /// Of a task.
    pub memory: Option<String>,
    pub cpus: u32,
    pub shards_per_task: u64,
    /// Environment modules to load.
    pub modules: Vec<String>,
    /// How often a shard that fails is tried again.
    pub retries: u32,
    /// Seconds before the time limit at which a task keeps what it has and queues again.
    pub warning: u32,
    /// Further options of the scheduler, one each.
    pub options: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    partition: Option<Spanned<String>>,
    account: Option<Spanned<String>>,
    time: Option<Spanned<String>>,
    memory: Option<Spanned<String>>,
    cpus: Option<Spanned<u32>>,
    shards_per_task: Option<Spanned<u64>>,
    #[serde(default)]
    modules: Vec<Spanned<String>>,
    retries: Option<u32>,
    warning: Option<u32>,
    #[serde(default)]
    options: Vec<Spanned<String>>,
}

impl Default for Profile {
    fn default() -> Self {
        Profile {
            partition: None,
            account: None,
            time: None,
            memory: None,
            cpus: 1,
            shards_per_task: 1,
            modules: Vec::new(),
            retries: 2,
            warning: 90,
            options: Vec::new(),
        }
    }
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// The file cannot be read, or every fault in it.
    pub fn read(path: &Path) -> Result<Profile, Vec<Fault>> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| vec![Fault::NoProfile { path: path.to_path_buf(), error }])?;
        Profile::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Profile, Vec<Fault>> {
        let source = Source::new(path, text);
        let fault = |span: Option<std::ops::Range<usize>>, reason: &str| Fault::Profile {
            source: source.clone(),
            span: span.map_or(Span::new(0, 0), |span| Span::new(span.start, span.end)),
            reason: reason.to_owned(),
        };
        let file: File = toml::from_str(text).map_err(|error| vec![fault(error.span(), error.message())])?;
        let mut faults = Vec::new();
        // Values stand in lines of a script: what would end a line or a word of it cannot.
        let mut word = |value: Spanned<String>, spaces: bool| {
            let plain = |c: char| !c.is_control() && (spaces || !c.is_whitespace());
            if value.get_ref().is_empty() || !value.get_ref().chars().all(plain) {
                faults.push(fault(Some(value.span()), "this text cannot stand in a line of a script"));
            }
            value.into_inner()
        };
        let partition = file.partition.map(|value| word(value, false));
        let account = file.account.map(|value| word(value, false));
        let time = file.time.map(|value| word(value, false));
        let memory = file.memory.map(|value| word(value, false));
        let modules = file.modules.into_iter().map(|value| word(value, false)).collect();
        let options = file.options.into_iter().map(|value| word(value, true)).collect();
        let mut positive = |value: Option<Spanned<u64>>| {
            let value = value.unwrap_or(Spanned::new(0..0, 1));
            if *value.get_ref() == 0 {
                faults.push(fault(Some(value.span()), "this number must be at least 1"));
            }
            value.into_inner()
        };
        let shards_per_task = positive(file.shards_per_task);
        let cpus = positive(file.cpus.map(|cpus| Spanned::new(cpus.span(), u64::from(cpus.into_inner()))));
        if !faults.is_empty() {
            return Err(faults);
        }
        let usual = Profile::default();
        Ok(Profile {
            partition,
            account,
            time,
            memory,
            cpus: u32::try_from(cpus).unwrap_or(1),
            shards_per_task,
            modules,
            retries: file.retries.unwrap_or(usual.retries),
            warning: file.warning.unwrap_or(usual.warning),
            options,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Profile};
    use crate::diagnostic::render;
    use std::path::Path;

    #[test]
    fn settings_are_read_and_what_is_wrong_is_shown() {
        let read = |text: &str| Profile::parse(Path::new("cluster.toml"), text);
        assert_eq!(read("").unwrap(), Profile::default());
        let full = read(
            "partition = \"short\"\naccount = \"econ\"\ntime = \"02:00:00\"\nmemory = \"4G\"\ncpus = 4\n\
             shards-per-task = 5\nmodules = [\"gcc/13\"]\nretries = 0\nwarning = 120\noptions = [\"--qos=low\"]\n",
        )
        .unwrap();
        assert_eq!((full.partition.as_deref(), full.cpus, full.shards_per_task), (Some("short"), 4, 5));
        let said = |text: &str| {
            let found = read(text).unwrap_err();
            found.iter().map(|fault: &Fault| render(&fault.diagnostic())).collect::<String>()
        };
        assert_eq!(
            said("account = \"a\\nb\"\ncpus = 0\n"),
            r#"error[bad-profile]: this text cannot stand in a line of a script
 --> cluster.toml:1:11
  |
1 | account = "a\nb"
  |           ^^^^^^ here
  |
  = help: settings are partition, account, time, memory, cpus, shards-per-task, modules, retries, warning, options
error[bad-profile]: this number must be at least 1
 --> cluster.toml:2:8
  |
2 | cpus = 0
  |        ^ here
  |
  = help: settings are partition, account, time, memory, cpus, shards-per-task, modules, retries, warning, options
"#
        );
        assert!(said("partitoin = \"x\"").starts_with("error[bad-profile]: unknown field `partitoin`"));
    }
}
