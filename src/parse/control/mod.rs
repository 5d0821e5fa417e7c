//! Vensim's control files into plain data: payoff definitions (`.vpd`), optimisation control (`.voc`), changes (`.cin`).
//!
//! Every fault of a file is found in one run. What these files say that Levada does another way is a note, what it cannot
//! do is refused by name. What becomes of them is for `study` and `cli` to say.

mod changes;
mod fault;
mod payoff;
mod search;

pub use changes::{Change, read_changes};
pub use payoff::{Payoff, Scale, Transformation, Weighing, read_payoff};
pub use search::{Search, Sought, read_search};

use crate::diagnostic::{Source, Span};

/// The lines of a file that say something, without outer blanks, each with its place.
fn lines(source: &Source) -> Vec<(Span, &str)> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let text = line.trim();
        let at = start + line.len() - line.trim_start().len();
        start += line.len();
        let comment = text.to_ascii_uppercase().starts_with(":COM") || text.starts_with('!');
        if !text.is_empty() && text != "{UTF-8}" && !comment {
            found.push((Span::new(at, at + text.len()), text));
        }
    }
    found
}

/// A name as a control file writes it, without quotation marks around a plain one.
fn name(text: &str) -> String {
    text.trim().to_owned()
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}
