//! A file on disk into text, and its format: encodings, line endings, and what is not a model at all.

use super::{vensim, xmile};
use crate::diagnostic::{Diagnostic, Source};
use crate::model::Model;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

/// Larger files are refused unread: the largest published models have a few megabytes.
const SIZE_LIMIT: u64 = 256 * 1024 * 1024;

/// Why a file is no model.
enum Refusal {
    NotFound,
    Folder,
    Unreadable(std::io::Error),
    TooLarge(u64),
    Empty,
    /// A file of another tool, with its name for it.
    Binary(&'static str),
    NotText,
    NotModel,
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Vensim,
    Xmile,
}

/// Reads a model file in whichever format it is: Vensim's text format or XMILE.
pub fn read_file(path: &Path) -> (Option<(Arc<Source>, Model)>, Vec<Diagnostic>) {
    match read_text(path) {
        Ok((text, format, notes)) => {
            let source = Source::new(path, text);
            let folder = path.parent().unwrap_or(Path::new(""));
            let (model, found) = match format {
                Format::Vensim => vensim::read(&source, folder),
                Format::Xmile => xmile::read(&source, folder),
            };
            let notes = notes.into_iter().map(|note| note.in_file(&source));
            let diagnostics = notes.chain(found).collect();
            (Some((source, model)), diagnostics)
        }
        Err(refusal) => (None, vec![word(&refusal, path)]),
    }
}

fn read_text(path: &Path) -> Result<(String, Format, Vec<Diagnostic>), Refusal> {
    let metadata = std::fs::metadata(path).map_err(refusal)?;
    if metadata.is_dir() {
        return Err(Refusal::Folder);
    }
    if let Some(tool) = binary_extension(path) {
        return Err(Refusal::Binary(tool));
    }
    // The length of a pipe is not known beforehand, so that of the bytes is looked at as well.
    let mut bytes = Vec::new();
    let limit = SIZE_LIMIT + 1;
    std::fs::File::open(path).map_err(refusal)?.take(limit).read_to_end(&mut bytes).map_err(refusal)?;
    let size = metadata.len().max(bytes.len() as u64);
    if size > SIZE_LIMIT {
        return Err(Refusal::TooLarge(size));
    }
    let (text, notes) = decode(&bytes)?;
    let text = unify_line_ends(text);
    if text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    let format = format(path, &text).ok_or(Refusal::NotModel)?;
    Ok((text, format, notes))
}

fn refusal(error: std::io::Error) -> Refusal {
    match error.kind() {
        ErrorKind::NotFound => Refusal::NotFound,
        ErrorKind::IsADirectory => Refusal::Folder,
        _ => Refusal::Unreadable(error),
    }
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn binary_extension(path: &Path) -> Option<&'static str> {
    match extension(path).as_str() {
        "vmf" | "vmfx" => Some("Vensim's binary model format"),
        "vpm" | "vpmx" => Some("Vensim's published model format"),
        "vdf" | "vdfx" => Some("Vensim's format for the results of a run"),
        "stm" | "itm" => Some("Stella's binary format from before XMILE"),
        _ => None,
    }
}

/// Bytes into text: UTF-8 and UTF-16 with or without their mark, what XML declares, or else Windows-1252, in which
/// Vensim saves models whose first line does not say `{UTF-8}`.
fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Vec<Diagnostic>), Refusal> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes).or_else(|| unmarked_utf16(bytes)) {
        let (text, _, malformed) = encoding.decode(bytes);
        return if malformed || text.contains('\0') { Err(Refusal::NotText) } else { Ok((text, Vec::new())) };
    }
    if bytes.contains(&0) {
        return Err(Refusal::NotText);
    }
    let declared = declared(bytes);
    if let Some(encoding) = declared.filter(|own| *own != UTF_8 && own.is_ascii_compatible()) {
        let (text, malformed) = encoding.decode_without_bom_handling(bytes);
        return if malformed { Err(Refusal::NotText) } else { Ok((text, Vec::new())) };
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((Cow::Borrowed(text), Vec::new())),
        Err(fault) => {
            let (text, _, _) = WINDOWS_1252.decode(bytes);
            let claims = bytes.trim_ascii_start().to_ascii_uppercase().starts_with(b"{UTF-8}");
            let claims = claims || declared == Some(UTF_8);
            let notes = if claims {
                let line = 1 + bytes[..fault.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
                let message = format!("the file says that it is UTF-8, which line {line} is not; read as Windows-1252");
                vec![
                    Diagnostic::warning("not-utf-8", message)
                        .help("save the file again from its tool, or as UTF-8 from a text editor"),
                ]
            } else {
                Vec::new()
            };
            Ok((text, notes))
        }
    }
}

/// The encoding that `<?xml ... encoding="..."?>` names.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.trim_ascii_start().strip_prefix(b"<?xml")?;
    let head = head.split(|byte| *byte == b'>').next().and_then(|head| std::str::from_utf8(head).ok())?;
    let value = head.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let mark = value.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
    Encoding::for_label(value.split(mark).nth(1)?.as_bytes())
}

/// UTF-16 without its mark: the text starts with ASCII characters whose other byte is zero.
fn unmarked_utf16(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    match bytes {
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some((UTF_16LE, 0)),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some((UTF_16BE, 0)),
        _ => None,
    }
}

fn unify_line_ends(text: Cow<'_, str>) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.into_owned() }
}

/// The format by the look of the text, and by the extension where the look leaves it open.
fn format(path: &Path, text: &str) -> Option<Format> {
    let head = text.trim_start();
    if head.starts_with('<') {
        let xmile = head.get(..4096).unwrap_or(head).to_lowercase();
        return (xmile.contains("<xmile") || xmile.starts_with("<?xml") && !xmile.contains("<html"))
            .then_some(Format::Xmile);
    }
    let equations = text.contains('~') && text.contains('|');
    match extension(path).as_str() {
        // A truncated model is still a model: what is wrong is said of the equation.
        "mdl" if equations || text.contains(['=', ':']) => Some(Format::Vensim),
        "xmile" | "stmx" | "itmx" | "xml" => None,
        _ => equations.then_some(Format::Vensim),
    }
}

fn word(refusal: &Refusal, path: &Path) -> Diagnostic {
    let name = path.display();
    match refusal {
        Refusal::NotFound => Diagnostic::error("file-not-found", format!("there is no file `{name}`"))
            .help(beside(path)),
        Refusal::Folder => Diagnostic::error("not-a-file", format!("`{name}` is a folder"))
            .help("name the model file in it"),
        Refusal::Unreadable(error) => Diagnostic::error("unreadable-file", format!("`{name}` cannot be read: {error}"))
            .help("check the permissions of the file and of its folder"),
        Refusal::TooLarge(size) => Diagnostic::error(
            "file-too-large",
            format!("`{name}` has {} MB; models of more than {} MB are not read", size >> 20, SIZE_LIMIT >> 20),
        )
        .help("check that this is the model and not a file of results"),
        Refusal::Empty => Diagnostic::error("empty-file", format!("`{name}` is empty"))
            .help("check that the file was saved, or fetch it again"),
        Refusal::Binary(tool) => Diagnostic::error("binary-model", format!("`{name}` is in {tool}"))
            .help("open it in the tool that made it and save the model as text: .mdl from Vensim, .stmx from Stella"),
        Refusal::NotText => Diagnostic::error("not-a-model", format!("`{name}` is not text"))
            .help("models are read from Vensim's .mdl and from XMILE (.xmile, .stmx)"),
        Refusal::NotModel => Diagnostic::error("not-a-model", format!("`{name}` is neither a Vensim model nor XMILE"))
            .help("a Vensim model has equations `name = expression ~ units ~ comment |`; an XMILE file starts with <xmile>"),
    }
}

/// The next step when a file is missing: a file of almost that name, or the models that are there.
fn beside(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = std::fs::read_dir(folder) else {
        return format!("there is no folder `{}` either; check the path", folder.display());
    };
    let mut names: Vec<String> =
        entries.flatten().take(10_000).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match crate::diagnostic::nearest(&wanted, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{}`?", folder.join(near).display()),
        None => "check the path".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::read_file;
    use crate::diagnostic::render;
    use std::path::{Path, PathBuf};

    /// A file with these bytes in a folder of its own.
    fn file(name: &str, bytes: &[u8]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("levada-parse-file-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("the file can be written");
        path
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn encodings_and_line_ends() {
        let text = "{UTF-8}\r\nété =\r\n\t1\r\n\t~\tm\u{b2}\r\n\t~\t\t|\r\n";
        let mut marked = vec![0xff, 0xfe];
        marked.extend(utf16(text, true));
        let windows: Vec<u8> = text.replace("{UTF-8}", "").chars().map(|character| character as u8).collect();
        let cases = [
            ("plain.mdl", text.as_bytes().to_vec()),
            ("marked.mdl", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
            ("utf16.mdl", marked),
            ("unmarked-le.mdl", utf16(text, true)),
            ("unmarked-be.mdl", utf16(text, false)),
            ("windows.mdl", windows),
            ("mac.mdl", text.replace("\r\n", "\r").into_bytes()),
            ("unix.MDL", text.replace("\r\n", "\n").into_bytes()),
            ("other.txt", text.as_bytes().to_vec()),
        ];
        for (name, bytes) in cases {
            let (read, diagnostics) = read_file(&file(name, &bytes));
            let (source, model) = read.expect(name);
            assert_eq!(diagnostics, [], "{name}");
            let variable = &model.variables[0];
            assert_eq!(variable.name.text(), "été", "{name}");
            assert_eq!(variable.units.as_ref().map(|units| units.text.as_str()), Some("m²"), "{name}");
            assert_eq!(&source.text[variable.span.range()], "été", "{name}");
            assert!(!source.text.contains('\r'), "{name}");
        }
    }

    /// The headline and the help of the only diagnostic.
    fn refusal(path: &Path) -> (String, String) {
        let (read, diagnostics) = read_file(path);
        assert!(read.is_none());
        let [diagnostic] = diagnostics.as_slice() else { panic!("one diagnostic: {diagnostics:?}") };
        let headline = render(diagnostic).lines().next().unwrap_or_default().to_owned();
        (headline, diagnostic.help.clone().unwrap_or_default())
    }

    #[test]
    fn what_is_no_model_is_refused() {
        let text = "models are read from Vensim's .mdl and from XMILE (.xmile, .stmx)";
        let kinds =
            "a Vensim model has equations `name = expression ~ units ~ comment |`; an XMILE file starts with <xmile>";
        let save = "open it in the tool that made it and save the model as text: .mdl from Vensim, .stmx from Stella";
        let cases: [(&str, &[u8], &str, &str, &str); 8] = [
            ("empty.mdl", b" \r\n", "empty-file", "is empty", "check that the file was saved, or fetch it again"),
            ("run.vdf", b"x", "binary-model", "is in Vensim's format for the results of a run", save),
            ("m.vmfx", b"x", "binary-model", "is in Vensim's binary model format", save),
            ("nul.mdl", b"a = 1 ~\0~ |", "not-a-model", "is not text", text),
            ("prose.mdl", b"Dear reader", "not-a-model", "is neither a Vensim model nor XMILE", kinds),
            ("page.xmile", b"<html></html>", "not-a-model", "is neither a Vensim model nor XMILE", kinds),
            ("prose.xmile", b"a = 1 ~ ~ |", "not-a-model", "is neither a Vensim model nor XMILE", kinds),
            ("cut.mdl", b"\xff\xfea", "not-a-model", "is not text", text),
        ];
        for (name, bytes, code, message, help) in cases {
            let path = file(name, bytes);
            let headline = format!("error[{code}]: `{}` {message}", path.display());
            assert_eq!(refusal(&path), (headline, help.to_owned()));
        }
        let folder = file("teacup.mdl", b"a = 1 ~ ~ |").with_file_name("");
        let missing = folder.join("tecaup.mdl");
        let expected = format!("error[file-not-found]: there is no file `{}`", missing.display());
        let help = format!("did you mean `{}`?", folder.join("teacup.mdl").display());
        assert_eq!(refusal(&missing), (expected, help));
        assert_eq!(
            refusal(&folder),
            (format!("error[not-a-file]: `{}` is a folder", folder.display()), "name the model file in it".to_owned())
        );
    }

    #[test]
    fn xml_is_read_in_the_encoding_that_it_declares() {
        let text = |encoding: &str, name: &str| {
            format!(
                "<?xml version=\"1.0\" encoding='{encoding}'?><xmile><sim_specs><start>0</start><stop>1</stop></sim_specs>\
                 <model><variables><aux name=\"{name}\"><eqn>1</eqn></aux></variables></model></xmile>"
            )
        };
        let name = "źródło";
        let (latin2, _, _) = encoding_rs::ISO_8859_2.encode(name);
        let [head, tail] = [0, 1].map(|part| text("iso-8859-2", "?").split("\"?\"").nth(part).unwrap().to_owned());
        let bytes = [head.as_bytes(), b"\"", &latin2, b"\"", tail.as_bytes()].concat();
        for bytes in [bytes.clone(), text("utf-8", name).into_bytes(), text("latin1", name).into_bytes()] {
            let (read, diagnostics) = read_file(&file("declared.xmile", &bytes));
            let found = read.expect("it is text").1.variables[0].name.text().to_owned();
            let latin1 = bytes.windows(6).any(|window| window == b"latin1");
            assert_eq!((found == name, diagnostics.len()), (!latin1, 0));
        }
        // Says UTF-8, and is not.
        let false_claim = [text("UTF-8", "").replace("\"\"", "\"\u{0}\"").into_bytes()].concat();
        let false_claim: Vec<u8> = false_claim.into_iter().map(|byte| if byte == 0 { 0xe9 } else { byte }).collect();
        let (_, diagnostics) = read_file(&file("claim.xmile", &false_claim));
        assert_eq!(diagnostics[0].code, "not-utf-8");
    }

    #[test]
    fn a_false_claim_of_utf8_is_said() {
        let (read, diagnostics) = read_file(&file("claim.mdl", b"{UTF-8}\n\xe9t\xe9 = 1 ~ ~ |"));
        assert!(read.is_some());
        let messages: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(messages, ["the file says that it is UTF-8, which line 2 is not; read as Windows-1252"]);
    }
}
