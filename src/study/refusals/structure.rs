//! What can be wrong with process noise, experiments, pools and memory, in exact words.

use super::refused;

const SERIES: &str =
    "file = \"d\"\nseries = \"founded\"\nsources = [\"A\"]\nquantity = \"founding\"\noperator = \"total\"\n";

fn series(name: &str, more: &str) -> String {
    let noise = if more.contains("noise") { "" } else { "noise = { kind = \"lognormal\", scale = 0.1 }\n" };
    format!("[[observe]]\nname = \"{name}\"\n{SERIES}{noise}{more}")
}

/// The first lines and the help of everything that is said.
fn told(name: &str, study: &str) -> Vec<String> {
    let text = refused(name, study, &[]);
    let lines = text.lines().filter(|line| line.starts_with("error") || line.contains("= help"));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn process_noise_that_cannot_be() {
    let study = series("counts", "noise = { kind = \"lognormal\", tail = \"soft-l1\", scale = 0.1 }\n")
        + "[[process-noise]]\nstock = \"firm\"\nkind = \"lognormal\"\nscale = 0.1\n";
    assert_eq!(
        refused("process", &study, &[]),
        r#"error[filter-needs-normal-noise]: with process noise, the noise of `counts` must be normal in some scale
  --> DIR/study.toml:11:1
   |
11 | noise = { kind = "lognormal", tail = "soft-l1", scale = 0.1 }
   | ^^^^^ not normal
   |
   = help: use kind = "normal", "lognormal" or "logit" with tail = "normal" and without memory
error[not-a-stock]: the model has no stock `firm`
  --> DIR/study.toml:13:9
   |
13 | stock = "firm"
   |         ^^^^^^ no stock
   |
   = help: did you mean `firms`?
"#
    );
    let study = "[[process-noise]]\nstock = \"firms\"\nkind = \"lognormal\"\nscale = -0.1\n\
                 [[process-noise]]\nstock = \"Firms\"\nkind = \"poisson\"\nscale = \"estimated\"\n";
    assert_eq!(
        told("scales", study),
        [
            "error[negative-scale]: `scale` is -0.1 and must not be below zero",
            "= help: state zero or a positive number, or scale = \"estimated\" with a prior",
            "error[missing-key]: [[process-noise]] needs the key `prior`",
            "= help: add `prior = …`",
            "error[unknown-choice]: `poisson` is no choice of `kind`",
            "= help: choose one of normal, lognormal",
        ]
    );
}

#[test]
fn experiments_that_do_not_fit_together() {
    let study = "[[experiment]]\nname = \"north\"\nset = { lif = 4, rate = 3 }\n[[experiment]]\nname = \"south\"\n"
        .to_owned()
        + &series("a", "experiment = \"nort\"\n")
        + &series("b", "")
        + "[[parameter]]\nname = \"rate\"\nbounds = [1, 3]\npool = 0.3\n";
    assert_eq!(
        told("experiments", &study),
        [
            "error[unknown-constant]: the model has no constant `lif`",
            "= help: did you mean `life`?",
            "error[set-and-estimated]: `rate` is both set and estimated",
            "= help: remove it from [set], or from the parameters",
            "error[unobserved-experiment]: no series observes the experiment `south`",
            "= help: remove it, or add `experiment = \"south\"` to a series",
            "error[unknown-experiment]: the study has no experiment `nort`",
            "= help: did you mean `north`?",
            "error[which-experiment]: `b` does not say which experiment it observes",
            "= help: add `experiment = …` with one of `north`, `south`",
            "error[pool-needs-experiments]: `rate` is pooled but the same in every experiment",
            "= help: add `by = \"experiment\"`, or remove `pool`",
        ]
    );
    let study = series("a", "experiment = \"north\"\n")
        + "[[parameter]]\nname = \"rate\"\nbounds = [1, 3]\nby = \"experiment\"\npool = -1\n";
    assert_eq!(
        told("alone", &study),
        ["error[not-positive]: `pool` is -1 and must be above zero", "= help: state a positive number",]
    );
    let study = series("a", "experiment = \"north\"\n")
        + "[[parameter]]\nname = \"rate\"\nbounds = [1, 3]\nby = \"experiment\"\n";
    assert_eq!(
        told("none", &study),
        [
            "error[unknown-experiment]: the study has no experiment `north`",
            "= help: declare it: [[experiment]] with name = \"north\"",
            "error[no-experiments]: `rate` differs by experiment, and the study has fewer than two",
            "= help: declare them under [[experiment]], or remove `by`",
        ]
    );
}

#[test]
fn memory_of_what_has_no_residual() {
    let study = series("a", "noise = { kind = \"poisson\", memory = { kind = \"beta\", a = 2, b = 2 } }\n");
    let told = told("memory", &study);
    assert!(
        told.contains(
            &"error[memory-of-counts]: the noise of `a` is of counts, which have no residual to remember".to_owned()
        ),
        "{told:?}"
    );
}
