//! The plan of a command in shards, as a file that any scheduler's tasks can be pointed at.

use super::fault::Fault;
use crate::series::write_text;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The name of the plan in its folder.
pub const PLAN: &str = "plan.json";

/// A command and how it is cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version that made it: another may number its pieces otherwise.
    pub version: String,
    /// The command line without the program's name.
    pub command: Vec<String>,
    /// Where the command is given: relative paths begin here.
    pub directory: PathBuf,
    /// The folder in which shards are kept.
    pub results: PathBuf,
    pub shards: u64,
    /// Stages that follow one another: each shard is run once for each, and all shards of one before those of the next.
    pub passes: u64,
}

impl Plan {
    /// Writes the plan into a folder, where none or the same one stands. Gives the path of the file.
    ///
    /// # Errors
    /// The plan of another command is there, or the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, Fault> {
        let path = folder.join(PLAN);
        match path.exists().then(|| Plan::read(&path)) {
            Some(Ok(old)) if old == *self => return Ok(path),
            Some(_) => return Err(Fault::OtherPlan { path }),
            None => {}
        }
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write_text(&path, &format!("{text}\n"))?;
        Ok(path)
    }

    /// Reads a plan from its file, or from the file of that name in a folder.
    ///
    /// # Errors
    /// There is none, or none of this version.
    pub fn read(path: &Path) -> Result<Plan, Fault> {
        let path = if path.is_dir() { path.join(PLAN) } else { path.to_path_buf() };
        let text = std::fs::read_to_string(&path).map_err(|error| Fault::NoPlan { path: path.clone(), error })?;
        let plan: Plan = serde_json::from_str(&text)
            .map_err(|error| Fault::NotAPlan { path: path.clone(), reason: error.to_string() })?;
        let reason = match plan.version.as_str() {
            env!("CARGO_PKG_VERSION") if plan.shards == 0 => "it has no shards".to_owned(),
            env!("CARGO_PKG_VERSION") => return Ok(plan),
            other => format!("version {other} made it"),
        };
        Err(Fault::NotAPlan { path, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;
    use crate::diagnostic::render;

    #[test]
    fn plans_are_read_as_written_and_other_ones_refused() {
        let folder = std::env::temp_dir().join(format!("levada-plan-file-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let plan = Plan {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: vec!["run".to_owned(), "m.mdl".to_owned()],
            directory: "/home/a".into(),
            results: "/home/a/out".into(),
            shards: 7,
            passes: 1,
        };
        let path = plan.write(&folder).unwrap();
        assert_eq!(plan.write(&folder).unwrap(), path);
        assert_eq!((Plan::read(&folder).unwrap(), Plan::read(&path).unwrap()), (plan.clone(), plan.clone()));
        let refused = |found: super::Fault| render(&found.diagnostic()).replace(&folder.display().to_string(), "DIR");
        assert_eq!(
            refused(Plan { shards: 8, ..plan.clone() }.write(&folder).unwrap_err()),
            r#"error[other-plan]: DIR/plan.json is the plan of another command
 |
 = help: choose another folder for this one, or remove that file
"#
        );
        let text = std::fs::read_to_string(&path).unwrap().replace(env!("CARGO_PKG_VERSION"), "0.0.0");
        std::fs::write(&path, text).unwrap();
        assert_eq!(
            refused(Plan::read(&path).unwrap_err()),
            r#"error[not-a-plan]: DIR/plan.json is not a plan of this version: version 0.0.0 made it
 |
 = help: make it again with: levada plan FOLDER --shards N -- COMMAND
"#
        );
        assert!(refused(Plan::read(&folder.join("none.json")).unwrap_err()).starts_with("error[no-plan]: cannot read"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
