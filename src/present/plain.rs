//! The plain data that figures are made of: paths over time, observations, periods to shade, what an axis measures.
//! Times are model time (for an annual model, years: mid-2014 is 2014.5); values carry the unit of their [`Quantity`].

/// What every figure states about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The file name without an ending, in kebab case.
    pub name: String,
    /// The caption that stands below the figure in the paper; it is not drawn.
    pub caption: String,
    /// The alternative text; `None` describes the figure from its data.
    pub alt: Option<String>,
    pub width: Width,
}

impl Head {
    /// A figure two columns wide that describes itself.
    pub fn new(name: impl Into<String>, caption: impl Into<String>) -> Self {
        Head { name: name.into(), caption: caption.into(), alt: None, width: Width::Double }
    }

    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }
}

/// The widths that journals print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// One column, 88 mm.
    Single,
    /// One and a half, 127 mm.
    OneAndHalf,
    /// The page, 180 mm.
    Double,
}

/// What an axis measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    pub title: String,
    /// Empty for a pure number.
    pub unit: String,
    pub scale: Scale,
}

impl Quantity {
    pub fn new(title: impl Into<String>, unit: impl Into<String>) -> Self {
        Quantity { title: title.into(), unit: unit.into(), scale: Scale::Linear }
    }

    pub fn log(mut self) -> Self {
        self.scale = Scale::Log;
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    /// Falls back to linear, with a warning, when nothing on the axis is positive.
    Log,
}

/// A line over time, with bands around it where uncertainty is known. A value that is not a number is a gap.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// What the line is called in the figure; unique within a panel.
    pub label: String,
    pub times: Vec<f64>,
    /// At `times`.
    pub values: Vec<f64>,
    /// Any number, in any order; the wider is drawn below.
    pub bands: Vec<Band>,
}

impl Path {
    pub fn new(label: impl Into<String>, times: Vec<f64>, values: Vec<f64>) -> Self {
        Path { label: label.into(), times, values, bands: Vec::new() }
    }

    pub fn with_band(mut self, probability: f64, lower: Vec<f64>, upper: Vec<f64>) -> Self {
        self.bands.push(Band { probability, lower, upper });
        self
    }
}

/// A pointwise band at the times of the path it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// What it holds, between 0 and 1.
    pub probability: f64,
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
}

/// Observations of one vendor. Those of two vendors are two of these, and get two markers.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The vendor or publication, as the figure names it.
    pub source: String,
    pub times: Vec<f64>,
    /// At `times`.
    pub values: Vec<f64>,
}

/// A stretch of time in which a policy or a shock was in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    pub label: String,
    pub start: f64,
    /// Infinite for one that has not ended.
    pub end: f64,
}

/// A date after which the figure shows something of another kind: held-out observations, a projection.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub at: f64,
    pub label: String,
}

/// What all panels of a figure over time share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// The title of the time axis, with its unit where that is not plain: `Year`, `Time (months)`.
    pub time: String,
    /// First and last time shown; `None` for the span of the data.
    pub window: Option<(f64, f64)>,
    pub periods: Vec<Period>,
    pub rule: Option<Rule>,
}
