//! Units of measurement: unit text, as Vensim and XMILE users write it, into products of named units with rational
//! exponents, and the factors between units of one family. Checking equations with them is `check`'s work.

mod conversion;
mod names;
mod text;
mod unit;

pub use conversion::{ConversionFault, ConversionObstacle, conversion};
pub use names::Synonyms;
pub use text::{UnitsFault, UnitsFaultKind};
pub use unit::{Exponent, Unit};
