//! A study read, prepared and given its folder of results: where every step begins.

use super::calibration::Calibration;
use super::entry::Study;
use super::file::read_study;
use super::manifest::{Hashed, sha256, slug};
use super::prepare::{Prepared, prepare};
use super::progress::Progress;
use super::walk::{Order, estimate, hash, plain, workbooks};
use crate::diagnostic::Diagnostic;
use crate::series::write_text;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// A study that is ready to be worked on.
pub(super) struct Opened {
    pub study: Study,
    pub prepared: Prepared,
    pub folder: PathBuf,
    pub inputs: Vec<Hashed>,
    /// Of everything that the results depend on.
    pub hash: String,
    pub starts: usize,
}

/// Reads a study and all that it names.
///
/// # Errors
/// Every fault of the files.
pub(super) fn open(order: &Order) -> Result<Opened, Vec<Diagnostic>> {
    let study = read_study(&order.study)?;
    let step = order.quick.then(|| study.quick.step.as_ref().map(|step| step.value)).flatten();
    let starts = if order.quick { study.quick.starts } else { study.calibrate.starts };
    let prepared = prepare(&study, step)?;
    let folder = order.out.clone().unwrap_or_else(|| Path::new("out").join(slug(&study.name)));
    let mut inputs: Vec<Hashed> = Vec::new();
    for source in &prepared.sources {
        let input = Hashed { file: plain(&source.path), sha256: sha256(source.text.as_bytes()) };
        // A scenario file that others extend is read more than once.
        if !inputs.contains(&input) {
            inputs.push(input);
        }
    }
    inputs.extend(workbooks(prepared.checked.model()));
    let hash = hash(&inputs, starts, step);
    Ok(Opened { study, prepared, folder, inputs, hash, starts })
}

impl Opened {
    /// An output folder that cannot be written is found out before the work, not after it.
    pub fn try_folder(&self) -> Result<(), Vec<Diagnostic>> {
        write_text(&self.folder.join(".levada"), "").map_err(|fault| vec![fault.diagnostic()])?;
        let _ = std::fs::remove_file(self.folder.join(".levada"));
        Ok(())
    }

    /// The calibration, from where it stands; `None` for a study without parameters.
    pub fn calibrate(
        &self,
        stop: &AtomicBool,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Option<Calibration>, Vec<Diagnostic>> {
        estimate(&self.study, &self.prepared, self.starts, &self.hash, &self.folder, stop, progress)
    }
}
