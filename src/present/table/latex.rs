//! A table as a LaTeX fragment to `\input`: booktabs rules, notes by threeparttable, decimal alignment by siunitx.

use super::numerals::{number_of, printed};
use super::{Cell, Column, Decimals, Row, Table};
use std::fmt::Write as _;

/// More columns than this are set small and close.
const ROOMY: usize = 8;

pub fn latex(table: &Table) -> String {
    let mut out = String::from("% Needs the packages booktabs, siunitx and threeparttable.\n");
    let numbers = |i: usize| -> Vec<(String, &str)> {
        let cells = table.rows.iter().filter_map(|row| if let Row::Cells(cells) = row { cells.get(i) } else { None });
        let column = &table.columns[i];
        cells.filter_map(number_of).filter_map(|(v, mark)| Some((printed(v, column.decimals)?, mark))).collect()
    };
    let preamble: Vec<String> =
        table.columns.iter().enumerate().map(|(i, column)| column_type(column, &numbers(i))).collect();
    out.push_str("\\begin{table}\n\\centering\n\\begin{threeparttable}\n");
    let _ = writeln!(out, "\\caption{{{}}}", escape(&table.title));
    let _ = writeln!(out, "\\label{{{}}}", table.label);
    out.push_str("\\sisetup{group-digits=integer, group-separator={,}, group-minimum-digits=4}\n");
    if table.columns.len() > ROOMY {
        out.push_str("\\footnotesize\n\\setlength{\\tabcolsep}{3pt}\n");
    }
    let _ = writeln!(out, "\\begin{{tabular}}{{{}}}\n\\toprule", preamble.join(" "));
    groups(&mut out, &table.columns);
    heads(&mut out, &table.columns);
    out.push_str("\\midrule\n");
    for (number, row) in table.rows.iter().enumerate() {
        match row {
            Row::Heading(text) => {
                if number > 0 {
                    out.push_str("\\addlinespace\n");
                }
                let _ =
                    writeln!(out, "\\multicolumn{{{}}}{{l}}{{\\textit{{{}}}}} \\\\", table.columns.len(), escape(text));
            }
            Row::Cells(cells) => {
                let cells: Vec<String> = cells.iter().zip(&table.columns).map(|(cell, c)| field(cell, c)).collect();
                let _ = writeln!(out, "{} \\\\", cells.join(" & "));
            }
        }
    }
    out.push_str("\\bottomrule\n\\end{tabular}\n");
    if !table.notes.is_empty() {
        out.push_str("\\begin{tablenotes}[flushleft]\n\\footnotesize\n");
        for note in &table.notes {
            let _ = writeln!(out, "\\item {}", escape(note));
        }
        out.push_str("\\end{tablenotes}\n");
    }
    out.push_str("\\end{threeparttable}\n\\end{table}\n");
    out
}

/// `S` with room for the widest whole part, fraction, exponent and mark of the column.
fn column_type(column: &Column, numbers: &[(String, &str)]) -> String {
    if column.decimals == Decimals::Text {
        return "l".into();
    }
    let (mut whole, mut fraction, mut exponent) = (1, 0, 0);
    let (mut minus, mut exponent_minus) = ("", "");
    for (number, _) in numbers {
        let (mantissa, power) = number.split_once('e').unwrap_or((number, ""));
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        minus = if before.starts_with('-') { "-" } else { minus };
        exponent_minus = if power.starts_with('-') { "-" } else { exponent_minus };
        whole = whole.max(before.trim_start_matches('-').len());
        fraction = fraction.max(after.len());
        exponent = exponent.max(power.trim_start_matches('-').len());
    }
    let point = if fraction > 0 { format!(".{fraction}") } else { String::new() };
    let power = if exponent > 0 { format!("e{exponent_minus}{exponent}") } else { String::new() };
    let marks = numbers.iter().map(|(_, mark)| mark).max_by_key(|mark| mark.len()).filter(|mark| !mark.is_empty());
    let marks = marks.map_or(String::new(), |mark| format!(", table-space-text-post={{\\tnote{{{}}}}}", escape(mark)));
    let separator = if column.decimals == Decimals::Time { ", group-digits=none" } else { "" };
    format!("S[table-format={minus}{whole}{point}{power}{marks}{separator}]")
}

/// The names of groups with a rule under each.
fn groups(out: &mut String, columns: &[Column]) {
    if columns.iter().all(|column| column.group.is_empty()) {
        return;
    }
    let mut cells = Vec::new();
    let mut rules = String::new();
    let mut start = 0;
    while start < columns.len() {
        let group = &columns[start].group;
        let end = columns[start..].iter().position(|c| c.group != *group).map_or(columns.len(), |n| start + n);
        if group.is_empty() {
            cells.extend(vec![String::new(); end - start]);
        } else {
            cells.push(format!("\\multicolumn{{{}}}{{c}}{{{}}}", end - start, escape(group)));
            let _ = write!(rules, "\\cmidrule(lr){{{}-{}}}", start + 1, end);
        }
        start = end;
    }
    let _ = writeln!(out, "{} \\\\\n{rules}", cells.join(" & "));
}

/// Names, and below them the units; braces keep siunitx from reading them as numbers.
fn heads(out: &mut String, columns: &[Column]) {
    let braced = |text: String| format!("{{{text}}}");
    let names: Vec<String> = columns.iter().map(|column| braced(escape(&column.name))).collect();
    let _ = writeln!(out, "{} \\\\", names.join(" & "));
    if columns.iter().any(|column| !column.unit.is_empty()) {
        let unit = |column: &Column| if column.unit.is_empty() { String::new() } else { format!("({})", column.unit) };
        let units: Vec<String> = columns.iter().map(|column| braced(escape(&unit(column)))).collect();
        let _ = writeln!(out, "{} \\\\", units.join(" & "));
    }
}

fn field(cell: &Cell, column: &Column) -> String {
    let missing = || if column.decimals == Decimals::Text { "--".to_string() } else { "{--}".into() };
    if let Cell::Text(text) = cell {
        return if column.decimals == Decimals::Text { escape(text) } else { format!("{{{}}}", escape(text)) };
    }
    let Some((value, mark)) = number_of(cell) else { return missing() };
    let Some(number) = printed(value, column.decimals) else { return missing() };
    if mark.is_empty() { number } else { format!("{number}\\tnote{{{}}}", escape(mark)) }
}

/// Text that prints as it reads: specials of LaTeX escaped, letters that pdfLaTeX lacks as mathematics.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' | '>' | '|' => {
                let _ = write!(out, "${c}$");
            }
            '\u{a0}' => out.push('~'),
            '\u{202f}' => out.push_str("\\,"),
            c if c.is_control() => out.push(' '),
            c => match mathematics(c) {
                Some(command) => {
                    let _ = write!(out, "${command}$");
                }
                None => out.push(c),
            },
        }
    }
    out
}

fn mathematics(c: char) -> Option<&'static str> {
    let table = [
        ('−', "-"),
        ('×', "\\times"),
        ('·', "\\cdot"),
        ('±', "\\pm"),
        ('≤', "\\leq"),
        ('≥', "\\geq"),
        ('≈', "\\approx"),
        ('²', "^2"),
        ('³', "^3"),
        ('Δ', "\\Delta"),
        ('Σ', "\\Sigma"),
        ('ℓ', "\\ell"),
        ('α', "\\alpha"),
        ('β', "\\beta"),
        ('γ', "\\gamma"),
        ('δ', "\\delta"),
        ('ε', "\\varepsilon"),
        ('η', "\\eta"),
        ('θ', "\\theta"),
        ('κ', "\\kappa"),
        ('λ', "\\lambda"),
        ('μ', "\\mu"),
        ('µ', "\\mu"),
        ('ν', "\\nu"),
        ('π', "\\pi"),
        ('ρ', "\\rho"),
        ('σ', "\\sigma"),
        ('τ', "\\tau"),
        ('φ', "\\varphi"),
        ('χ', "\\chi"),
        ('ψ', "\\psi"),
        ('ω', "\\omega"),
    ];
    table.iter().find(|(letter, _)| *letter == c).map(|(_, command)| *command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_is_complete_and_escaped() {
        let expected = r#"% Needs the packages booktabs, siunitx and threeparttable.
\begin{table}
\centering
\begin{threeparttable}
\caption{What 50\% of R\&D does}
\label{tab:sample}
\sisetup{group-digits=integer, group-separator={,}, group-minimum-digits=4}
\begin{tabular}{l S[table-format=4.1, group-digits=none] S[table-format=5] S[table-format=-6.4e-1, table-space-text-post={\tnote{*}}] S[table-format=1.2]}
\toprule
 &  & \multicolumn{2}{c}{Window} &  \\
\cmidrule(lr){3-4}
{Name} & {Year} & {n} & {RMSE} & {R$^2$} \\
{} & {} & {} & {(CNY/m\_2)} & {} \\
\midrule
\multicolumn{5}{l}{\textit{Capital}} \\
=SUM(A1) & 2014 & 12345 & 0.0123 & 0.99 \\
dry "powder", state & 2014.5 & 8 & -123457\tnote{*} & {--} \\
\addlinespace
\multicolumn{5}{l}{\textit{Labour}} \\
$\rho$\_x & 2015 & {--} & 1.50e-9 & 0.00 \\
\bottomrule
\end{tabular}
\begin{tablenotes}[flushleft]
\footnotesize
\item * differs from 0 at 10 \%.
\end{tablenotes}
\end{threeparttable}
\end{table}
"#;
        assert_eq!(latex(&super::super::sample::table()), expected);
    }
}
