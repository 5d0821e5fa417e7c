//! A page as HTML text.

use super::{Block, Line, Page, Picture, Section, Sheet, font};
use crate::present::short_number;
use std::fmt::Write as _;

/// The page as one file. The same page gives the same bytes.
pub fn html(page: &Page) -> String {
    let mut out = String::new();
    out += "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    let _ = writeln!(out, "<title>{}</title>", escaped(&page.title));
    let _ = writeln!(out, "<style>\n{}{}</style>\n</head>\n<body>", font::face(), include_str!("style.css"));
    let _ = writeln!(out, "<div class=\"frame\" id=\"top\">\n<header>\n<h1>{}</h1>", escaped(&page.title));
    if !page.lead.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", escaped(&page.lead));
    }
    out += "</header>\n<nav aria-label=\"Contents\"><ol>\n";
    for (number, section) in page.sections.iter().enumerate() {
        let _ = writeln!(out, "<li><a href=\"#s{number}\">{}</a></li>", escaped(&section.title));
    }
    out += "</ol></nav>\n<main>\n";
    for (number, part) in page.sections.iter().enumerate() {
        section(&mut out, number, part);
    }
    let _ = writeln!(out, "</main>\n<footer>{}</footer>\n</div>", escaped(&page.colophon));
    let _ = writeln!(out, "<script>\n{}</script>\n</body>\n</html>", include_str!("page.js"));
    out
}

/// Text that HTML takes as text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn section(out: &mut String, number: usize, section: &Section) {
    let _ = writeln!(out, "<section id=\"s{number}\">\n<h2>{}</h2>", escaped(&section.title));
    for block in &section.blocks {
        match block {
            Block::Prose(text) => {
                let _ = writeln!(out, "<p>{}</p>", escaped(text));
            }
            Block::List(items) => {
                let items: String = items.iter().map(|item| format!("<li>{}</li>\n", escaped(item))).collect();
                let _ = writeln!(out, "<ul>\n{items}</ul>");
            }
            Block::Facts(facts) => {
                let rows = facts
                    .iter()
                    .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value)));
                let _ = writeln!(out, "<dl>\n{}</dl>", rows.collect::<String>());
            }
            Block::Figure(picture) => figure(out, number, picture),
            Block::Grid(sheet) => grid(out, sheet),
            Block::Equations { group, equations } => lines(out, group, equations),
        }
    }
    out.push_str("</section>\n");
}

fn figure(out: &mut String, section: usize, picture: &Picture) {
    let name = format!("figure-{}", picture.name);
    let _ = writeln!(
        out,
        "<figure id=\"{name}\">\n<div class=\"plate\">\n{}</div>\n<a class=\"close\" href=\"#s{section}\">Close</a>\n\
         <figcaption>{} <a class=\"enlarge\" href=\"#{name}\">Enlarge</a></figcaption>\n</figure>",
        inline(&picture.svg, &picture.alt),
        escaped(&picture.caption),
    );
}

/// The SVG element without a prolog, described, its text in the page's font.
fn inline(svg: &str, alt: &str) -> String {
    let start = svg.find("<svg").unwrap_or(0);
    let body = &svg[start..];
    // Figures of ours describe themselves; others are described here.
    if body.split('>').next().is_some_and(|head| head.contains("aria-label=")) {
        return body.to_owned();
    }
    body.replacen("<svg", &format!("<svg role=\"img\" aria-label=\"{}\"", escaped(alt)), 1)
}

fn grid(out: &mut String, sheet: &Sheet) {
    let first = usize::from(sheet.sectioned);
    let numeric: Vec<bool> = (0..sheet.head.len()).map(|column| is_numeric(sheet, column)).collect();
    let class = |column: usize| if numeric[column] { " class=\"number\"" } else { "" };
    let _ = writeln!(out, "<div class=\"sheet\" id=\"table-{}\">\n<h3>{}</h3>", sheet.name, escaped(&sheet.title));
    out.push_str("<div class=\"scroll\"><table>\n<thead><tr>");
    for (column, name) in sheet.head.iter().enumerate().skip(first) {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(column), escaped(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    let mut part = "";
    for row in &sheet.rows {
        if sheet.sectioned && row.first().is_some_and(|name| name != part) {
            part = &row[0];
            if !out.ends_with("<tbody>\n") {
                out.push_str("</tbody>\n<tbody>\n");
            }
            let span = sheet.head.len() - first;
            let _ = writeln!(out, "<tr class=\"part\"><td colspan=\"{span}\">{}</td></tr>", escaped(part));
        }
        out.push_str("<tr>");
        for (column, cell) in row.iter().enumerate().skip(first).take(sheet.head.len() - first) {
            let shown = if numeric[column] { number(cell) } else { cell.clone() };
            let value = if numeric[column] { format!(" data-value=\"{}\"", escaped(cell)) } else { String::new() };
            let _ = write!(out, "<td{}{value}>{}</td>", class(column), escaped(&shown));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
    for note in &sheet.notes {
        let _ = writeln!(out, "<p class=\"notes\">{}</p>", escaped(note));
    }
    out.push_str("</div>\n");
}

fn is_numeric(sheet: &Sheet, column: usize) -> bool {
    let mut cells = sheet.rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty()).peekable();
    cells.peek().is_some() && cells.all(|cell| cell.parse::<f64>().is_ok())
}

/// Whole numbers as they are, others to three digits that count.
fn number(cell: &str) -> String {
    match cell.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < 1e5 => cell.replace('-', "\u{2212}"),
        Ok(value) => short_number(value),
        Err(_) => cell.to_owned(),
    }
}

fn lines(out: &mut String, group: &str, equations: &[Line]) {
    if !group.is_empty() {
        let _ = writeln!(out, "<h3>{}</h3>", escaped(group));
    }
    out.push_str("<div class=\"equations\">\n");
    for line in equations {
        let _ = write!(out, "<div><b>{}</b>", escaped(&line.name));
        if !line.unit.is_empty() {
            let _ = write!(out, "<span class=\"unit\">{}</span>", escaped(&line.unit));
        }
        for equation in &line.equations {
            let _ = write!(out, "<pre>{}</pre>", escaped(equation));
        }
        if !line.meaning.is_empty() {
            let _ = write!(out, "<p>{}</p>", escaped(&line.meaning));
        }
        out.push_str("</div>\n");
    }
    out.push_str("</div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_tables_keep_their_parts() {
        let sheet = Sheet {
            name: "estimates".into(),
            title: "A < B".into(),
            head: vec!["Section".into(), "Name".into(), "Value [k]".into()],
            rows: vec![
                vec!["One".into(), "<b>".into(), "0.123456".into()],
                vec!["One".into(), "c".into(), "-2014".into()],
                vec!["Two".into(), "d".into(), String::new()],
            ],
            sectioned: true,
            notes: vec!["R & D".into()],
        };
        let picture = Picture {
            name: "fit".into(),
            svg: "<?xml version=\"1.0\"?>\n<svg width=\"88mm\"><text>x</text></svg>".into(),
            caption: "Fit.".into(),
            alt: "A \"line\"".into(),
        };
        let section = Section { title: "Data".into(), blocks: vec![Block::Grid(sheet), Block::Figure(picture)] };
        let page = Page { title: "T".into(), lead: String::new(), sections: vec![section], colophon: "c".into() };
        let text = html(&page);
        for part in [
            "<h3>A &lt; B</h3>",
            "<th scope=\"col\">Name</th><th scope=\"col\" class=\"number\">Value [k]</th>",
            "<tr class=\"part\"><td colspan=\"2\">One</td></tr>",
            "<td>&lt;b&gt;</td><td class=\"number\" data-value=\"0.123456\">0.123</td>",
            "data-value=\"-2014\">\u{2212}2014</td>",
            "</tbody>\n<tbody>\n<tr class=\"part\"><td colspan=\"2\">Two</td></tr>",
            "<p class=\"notes\">R &amp; D</p>",
            "<svg role=\"img\" aria-label=\"A &quot;line&quot;\" width=\"88mm\">",
            "href=\"#figure-fit\"",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("<?xml") && text == html(&page));
    }
}
