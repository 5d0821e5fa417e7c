//! What a run says of a stiff model.

use super::{levada, text};
use std::path::Path;

#[test]
fn a_stiff_model_is_said_to_be_one() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stiff.mdl");
    let model = "{UTF-8}
        y = INTEG(-rate * y, 1) ~ Dmnl ~ |
        rate = 10000 ~ 1/Year ~ |
        INITIAL TIME = 0 ~ Year ~ |
        FINAL TIME = 10 ~ Year ~ |
        TIME STEP = 0.01 ~ Year ~ |
        SAVEPER = 10 ~ Year ~ |";
    std::fs::write(&path, model).expect("the file is written");
    let told = |method: &str| {
        let run = levada(&["run", &path.to_string_lossy(), "--method", method, "--unchecked"]);
        assert!(run.status.success(), "{method}");
        text(&run.stderr)
    };
    let explicit = told("dopri5");
    assert!(explicit.starts_with("warning[stiff]: the model is stiff from time 0.0"), "{explicit}");
    assert!(explicit.contains(" steps of dopri5 keep it stable only"), "{explicit}");
    assert!(explicit.contains("= help: use --method rodas"), "{explicit}");
    assert!(told("auto").starts_with("note[stiff]: the model is stiff: rodas took over at time 0.0"));
    assert_eq!(told("rodas"), "");
    let unknown = levada(&["run", &path.to_string_lossy(), "--method", "gear"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("= help: choose euler, rk2, rk4, dopri5, rodas or auto"));
}
