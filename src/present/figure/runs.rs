//! Chosen variables of one run over time: the picture of `levada run --figure`.

use crate::present::plain::{Frame, Head, Path, Quantity};

#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    pub head: Head,
    pub frame: Frame,
    pub panels: Vec<RunPanel>,
}

/// One variable; a path for each of its elements (or for each scenario), labelled directly.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPanel {
    pub quantity: Quantity,
    pub paths: Vec<Path>,
}
