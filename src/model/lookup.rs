//! Lookup tables (XMILE: graphical functions) as written.

/// A piecewise function of one variable given by points.
#[derive(Clone, Debug, PartialEq)]
pub struct LookupTable {
    /// Points `(x, y)` in ascending `x`.
    pub points: Vec<(f64, f64)>,
    pub interpolation: Interpolation,
    pub extrapolation: Extrapolation,
    /// `((x_min, x_max), (y_min, y_max))` of the drawing, which does not bound the values.
    pub range: Option<((f64, f64), (f64, f64))>,
}

/// Between two points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interpolation {
    #[default]
    Linear,
    /// The value of the point to the left (XMILE `discrete`, data mode `:HOLD BACKWARD:`).
    Step,
    /// The value of the point to the right (data mode `:LOOK FORWARD:`).
    StepForward,
    /// No value between the points (data mode `:RAW:`): missing.
    Raw,
}

/// Before the first and after the last point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Extrapolation {
    #[default]
    Hold,
    /// The first and last segments go on (XMILE `extrapolate`).
    Extend,
    /// Missing (data series).
    Missing,
}
