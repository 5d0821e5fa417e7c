//! One page of HTML that stands alone: text, figures as inline SVG, tables, equations. It needs no network and no script;
//! a script only adds sorting and a closer look. What stands on it is decided by whoever fills it.

mod font;
mod html;

pub use html::html;

/// A page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub title: String,
    /// Under the title.
    pub lead: String,
    pub sections: Vec<Section>,
    /// At the foot.
    pub colophon: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    pub title: String,
    pub blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    Prose(String),
    List(Vec<String>),
    Facts(Vec<(String, String)>),
    Figure(Picture),
    Grid(Sheet),
    Equations { group: String, equations: Vec<Line> },
}

/// A figure as SVG text.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Names it within the page: letters, digits and hyphens.
    pub name: String,
    pub svg: String,
    pub caption: String,
    pub alt: String,
}

/// A table of texts; numbers as CSV writes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    pub name: String,
    pub title: String,
    pub head: Vec<String>,
    /// `[row][column]`
    pub rows: Vec<Vec<String>>,
    /// The first column names the part of the table that a row belongs to.
    pub sectioned: bool,
    pub notes: Vec<String>,
}

/// A variable and its equations.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub name: String,
    pub unit: String,
    /// One for each set of elements.
    pub equations: Vec<String>,
    pub meaning: String,
}
