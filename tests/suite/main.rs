//! The integration tests: one binary, a module per subject, data beside the modules.

mod architecture;
mod figures;
mod language;
