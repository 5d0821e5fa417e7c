//! `levada compare` and `levada sensitivity`.

use super::{levada, text};

#[test]
fn policies_of_the_tutorial_under_draws() {
    let out = std::env::temp_dir().join(format!("levada-compare-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&out);
    let folder = out.to_string_lossy().into_owned();
    let study = "calibration/lynx-hare/study.toml";
    let output = levada(&["compare", study, "--quick", "--draws", "20", "--out", &folder]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains(
            "note[draws-approximate]: bands rest on the normal approximation of the posterior; no draws of a sampler stand beside \
             the results\n"
        ),
        "{}",
        text(&output.stderr)
    );
    let separated = std::fs::read_to_string(out.join("tables/separated.txt")).expect("a table");
    assert!(separated.contains("Stretches in which nine draws in ten agree on the sign of the difference."));
    let caption = std::fs::read_to_string(out.join("figures/draws-bounty.caption.txt")).expect("a figure");
    assert!(caption.ends_with(
        "20 draws from the normal approximation of the posterior at its mode, the same for every policy.\n"
    ));
    let output = levada(&["sensitivity", study, "--quick", "--out", &folder]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output.stderr).contains("error[no-sensitivity]: the study does not say whose drivers are wanted\n"),
        "{}",
        text(&output.stderr)
    );
    std::fs::remove_dir_all(&out).expect("its own folder");
}
