//! Small multiples of the stocks, sector by sector, over as many pages as they need.

use super::runs::RunPanel;
use crate::present::plain::{Frame, Head};

#[derive(Clone, Debug, PartialEq)]
pub struct Stocks {
    pub head: Head,
    pub frame: Frame,
    pub sectors: Vec<Sector>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sector {
    pub title: String,
    pub panels: Vec<RunPanel>,
}
