//! Summaries, histograms, members and their draws as tables, in CSV or Parquet.

use super::plan::Plan;
use super::summary::{SHARES, Summary};
use super::walk::Done;
use crate::compile::Program;
use crate::series::{Cells, ColumnFile, Format, Kind};
use rayon::prelude::*;
use std::io::{self, Write};

/// Rows that are gathered before they are written, at most about.
const ROWS: usize = 1 << 16;

/// Bins of a written histogram.
const BINS: usize = 50;

type Out<'w> = &'w mut (dyn Write + Send);

/// A row for each time and variable: the moments, extremes and quantiles, and how many members they are of.
pub fn write_summary(program: &Program, summary: &Summary, out: Out, format: Format) -> io::Result<()> {
    let shares: Vec<String> = SHARES.iter().map(|share| format!("q{:02.0}", share * 100.0)).collect();
    let mut columns = vec![("time", Kind::Real), ("variable", Kind::Text)];
    columns.extend(["mean", "sd", "min"].map(|name| (name, Kind::Real)));
    columns.extend(shares.iter().map(|name| (name.as_str(), Kind::Real)));
    columns.extend([("max", Kind::Real), ("n", Kind::Whole)]);
    let mut file = ColumnFile::new(out, format, &columns)?;
    let width = program.outputs.len().max(1);
    let cells: Vec<(usize, usize)> = (0..summary.times.len())
        .flat_map(|time| (0..program.outputs.len()).map(move |output| (time, output)))
        .collect();
    for cells in cells.chunks(ROWS.next_multiple_of(width)) {
        let rows: Vec<_> = cells.par_iter().map(|(time, output)| summary.row(*time, *output)).collect();
        let names = cells.iter().map(|(_, output)| program.outputs[*output].name.clone());
        let mut columns = vec![
            Cells::Real(cells.iter().map(|(time, _)| summary.times[*time]).collect()),
            Cells::Text(names.collect()),
            Cells::Real(rows.iter().map(|row| row.mean).collect()),
            Cells::Real(rows.iter().map(|row| row.deviation).collect()),
            Cells::Real(rows.iter().map(|row| row.least).collect()),
        ];
        columns.extend((0..SHARES.len()).map(|k| Cells::Real(rows.iter().map(|row| row.quantiles[k]).collect())));
        columns.push(Cells::Real(rows.iter().map(|row| row.most).collect()));
        columns.push(Cells::Whole(rows.iter().map(|row| row.count as i64).collect()));
        file.write(&columns)?;
    }
    file.finish()
}

/// A row for each time, variable and interval: its ends, and how many members lie in it.
pub fn write_histograms(program: &Program, summary: &Summary, out: Out, format: Format) -> io::Result<()> {
    let columns = [
        ("time", Kind::Real),
        ("variable", Kind::Text),
        ("low", Kind::Real),
        ("high", Kind::Real),
        ("count", Kind::Whole),
    ];
    let mut file = ColumnFile::new(out, format, &columns)?;
    for (time, at) in summary.times.iter().enumerate() {
        for (number, output) in program.outputs.iter().enumerate() {
            let (edges, counts) = summary.histogram(time, number, BINS);
            file.write(&[
                Cells::Real(vec![*at; counts.len()]),
                Cells::Text(vec![output.name.clone(); counts.len()]),
                Cells::Real(edges[..counts.len()].to_vec()),
                Cells::Real(edges[1..].to_vec()),
                Cells::Whole(counts.into_iter().map(|count| count as i64).collect()),
            ])?;
        }
    }
    file.finish()
}

/// Trajectories of members: a row for each member and time, a column for each saved variable.
pub struct MembersFile<'w> {
    file: ColumnFile<'w>,
    numbers: Vec<i64>,
    times: Vec<f64>,
    /// `[variable][row]`
    values: Vec<Vec<f64>>,
}

impl<'w> MembersFile<'w> {
    pub fn new(program: &Program, out: Out<'w>, format: Format) -> io::Result<Self> {
        let names: Vec<String> =
            program.outputs.iter().map(|output| apart(&output.name, &["member", "time"])).collect();
        let mut columns = vec![("member", Kind::Whole), ("time", Kind::Real)];
        columns.extend(names.iter().map(|name| (name.as_str(), Kind::Real)));
        let file = ColumnFile::new(out, format, &columns)?;
        Ok(MembersFile { file, numbers: Vec::new(), times: Vec::new(), values: vec![Vec::new(); names.len()] })
    }

    /// Adds a member's trajectory; a failed one has none.
    pub fn add(&mut self, done: &Done) -> io::Result<()> {
        let Ok(saved) = done.outcome else { return Ok(()) };
        self.numbers.resize(self.numbers.len() + saved.times.len(), done.number as i64);
        self.times.extend_from_slice(&saved.times);
        let width = self.values.len();
        for (variable, values) in self.values.iter_mut().enumerate() {
            values.extend(saved.rows.iter().skip(variable).step_by(width.max(1)));
        }
        if self.times.len() * (width + 2) >= ROWS * 8 { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut columns =
            vec![Cells::Whole(std::mem::take(&mut self.numbers)), Cells::Real(std::mem::take(&mut self.times))];
        columns.extend(self.values.iter_mut().map(|values| Cells::Real(std::mem::take(values))));
        if columns[0].is_empty() { Ok(()) } else { self.file.write(&columns) }
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.file.finish()
    }
}

/// What members were run with: a row for each, a column for each varied constant, and the word for why it failed.
pub struct DrawsFile<'w, 'p> {
    file: ColumnFile<'w>,
    plan: &'p Plan,
    numbers: Vec<i64>,
    /// `[constant][row]`
    values: Vec<Vec<f64>>,
    failed: Vec<String>,
}

impl<'w, 'p> DrawsFile<'w, 'p> {
    pub fn new(plan: &'p Plan, out: Out<'w>, format: Format) -> io::Result<Self> {
        let names: Vec<String> = plan.names().iter().map(|name| apart(name, &["member", "failed"])).collect();
        let mut columns = vec![("member", Kind::Whole)];
        columns.extend(names.iter().map(|name| (name.as_str(), Kind::Real)));
        columns.push(("failed", Kind::Text));
        let file = ColumnFile::new(out, format, &columns)?;
        Ok(DrawsFile { file, plan, numbers: Vec::new(), values: vec![Vec::new(); names.len()], failed: Vec::new() })
    }

    pub fn add(&mut self, done: &Done) -> io::Result<()> {
        self.numbers.push(done.number as i64);
        for (column, value) in self.values.iter_mut().zip(self.plan.values(done.number)) {
            column.push(value);
        }
        self.failed.push(done.outcome.err().unwrap_or_default().to_owned());
        if self.numbers.len() >= ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut columns = vec![Cells::Whole(std::mem::take(&mut self.numbers))];
        columns.extend(self.values.iter_mut().map(|values| Cells::Real(std::mem::take(values))));
        columns.push(Cells::Text(std::mem::take(&mut self.failed)));
        if columns[0].is_empty() { Ok(()) } else { self.file.write(&columns) }
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.file.finish()
    }
}

/// A name that is none of the table's own.
fn apart(name: &str, own: &[&str]) -> String {
    let taken = own.iter().any(|own| own.eq_ignore_ascii_case(name));
    if taken { format!("{name} (model)") } else { name.to_owned() }
}
