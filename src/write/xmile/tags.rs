//! Indented XML.

/// XML under construction.
#[derive(Default)]
pub(super) struct Tags {
    text: String,
    open: Vec<String>,
}

impl Tags {
    /// Opens an element given as its name and attributes.
    pub fn open(&mut self, opening: &str) {
        self.line(&format!("<{opening}>"));
        self.open.push(opening.split(' ').next().unwrap_or("").to_owned());
    }

    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.line(&format!("</{name}>"));
        }
    }

    pub fn line(&mut self, line: &str) {
        for _ in 0..self.open.len() {
            self.text.push_str("    ");
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// An element with nothing but text.
    pub fn element(&mut self, name: &str, text: &str) {
        self.line(&format!("<{name}>{}</{name}>", escaped(text)));
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// ` name="value"`.
pub(super) fn attribute(name: &str, value: &str) -> String {
    format!(" {name}=\"{}\"", escaped(value))
}

/// Text as it may stand between tags or within quotation marks; characters that XML has no way to write are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => safe.push(character),
        }
    }
    safe
}

/// A name with XMILE's own escapes (3.2.2.1), as attributes have it.
pub(super) fn escaped_name(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r', '\t'], " ")
}
