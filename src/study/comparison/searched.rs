//! Policies that a search found: their levers, what they are judged by, how much of the gain is robust, and the front of
//! two aims.

use super::{Bench, Made, undrawn};
use crate::compare::search::{Aim, Choice, Chosen, Judge, search};
use crate::compare::{Laboratory, Outcome, Spread, Trial, refusal};
use crate::diagnostic::Diagnostic;
use crate::present::{Cell, Column, Decimals, Exhibit, Front, Head, Quantity, Row, Table};
use crate::study::Progress;
use crate::study::manifest::slug;
use crate::study::search::PreparedSearch;

pub(super) fn made(bench: &Bench) -> Result<Made, Vec<Diagnostic>> {
    let mut made = Made::default();
    for asked in &bench.opened.prepared.searches {
        (bench.progress)(Progress::Step(&format!("searching: {}", asked.title)));
        one(bench, asked, &mut made)?;
    }
    if bench.opened.prepared.searches.is_empty() {
        let found = Diagnostic::error("no-search", "the study asks for no search")
            .help("add a table [[search]] with a name, its [[search.aim]] and [search.levers]");
        return Err(vec![found]);
    }
    Ok(made)
}

fn one(bench: &Bench, asked: &PreparedSearch, made: &mut Made) -> Result<(), Vec<Diagnostic>> {
    let draws = bench.draws.first(asked.draws);
    let outcomes: Vec<Outcome> =
        asked.outcomes.iter().filter_map(|name| bench.outcomes.iter().find(|o| o.name == *name)).cloned().collect();
    let gauges: Vec<_> = outcomes.iter().map(|outcome| (&outcome.gauge, outcome.windows.clone())).collect();
    let prepared = &bench.opened.prepared;
    let laboratory = Laboratory::new(&prepared.checked, &bench.fixed, &prepared.design.settings, &gauges, &draws)?;
    let runner = |policies: &[Vec<(String, f64)>], chosen: &[usize]| {
        let trials: Vec<Trial> = policies
            .iter()
            .flat_map(|settings| chosen.iter().map(|draw| Trial { draw: *draw, settings: settings.clone() }))
            .collect();
        let read = laboratory.run(&trials, bench.stop, &|_| {}).map_err(refusal)?;
        let values = read.into_iter().map(|reading| match reading {
            Ok(read) => crate::compare::of_outcomes(&outcomes, &read),
            Err(_) => vec![f64::NAN; outcomes.len()],
        });
        let values: Vec<Vec<f64>> = values.collect();
        Ok::<_, Vec<Diagnostic>>(values.chunks(chosen.len().max(1)).map(<[Vec<f64>]>::to_vec).collect())
    };
    let found = search(&asked.search, draws.count(), &runner, bench.stop)?;
    made.runs += found.runs;
    if found.choices.is_empty() {
        let note = format!("search `{}` found no policy that keeps its limits", asked.name);
        made.notes.push(Diagnostic::warning("limits-out-of-reach", note).help("loosen a limit, or widen a lever"));
        return Ok(());
    }
    let name = format!("search-{}", slug(&asked.name));
    made.exhibits.push(("tables", policies(&name, asked, &outcomes, &found).exhibit().map_err(undrawn)?));
    made.shown.push(name.clone());
    if let [choice] = &found.choices[..] {
        let gains = gains(&name, asked, &outcomes, &found, choice);
        made.shown.push(gains.name.clone());
        made.exhibits.push(("tables", gains.exhibit().map_err(undrawn)?));
    }
    if asked.search.aims.len() == 2 {
        made.exhibits.extend(front(bench, &name, asked, &outcomes, &found)?.into_iter().map(|each| ("figures", each)));
    }
    Ok(())
}

/// How an aim is judged, in words.
fn judged(judge: Judge) -> String {
    match judge {
        Judge::Expected => "expected".to_owned(),
        Judge::Quantile(share) => format!("no worse in {:.0} % of draws", 100.0 * share),
        Judge::Regret => "largest regret".to_owned(),
    }
}

fn policies(name: &str, asked: &PreparedSearch, outcomes: &[Outcome], found: &Chosen) -> Table {
    let digits = Decimals::Significant(4);
    let mut columns = vec![Column::new("Policy", Decimals::Whole)];
    columns.extend(asked.search.levers.iter().map(|lever| Column::new(lever.constant.clone(), digits).group("Levers")));
    for aim in &asked.search.aims {
        let outcome = &outcomes[aim.outcome];
        let title = format!("{}, {}", outcome.title, judged(aim.judge));
        columns.push(Column::new(title, digits).unit(outcome.unit.clone()).group("Aims"));
    }
    for limit in &asked.search.limits {
        let outcome = &outcomes[limit.outcome];
        columns.push(Column::new(outcome.title.clone(), digits).unit(outcome.unit.clone()).group("Limits"));
    }
    columns.push(Column::new("Draws that gain in the first aim", Decimals::Fixed(2)));
    let row = |(number, choice): (usize, &Choice)| {
        let mut cells = vec![Cell::Number(number as f64 + 1.0)];
        cells.extend(choice.settings.iter().map(|(_, value)| Cell::Number(*value)));
        cells.extend(choice.judged.iter().map(|value| Cell::Number(*value)));
        let mean = |place: usize| choice.outcomes.iter().map(|draw| draw[place]).sum::<f64>();
        let count = choice.outcomes.len().max(1) as f64;
        cells.extend(asked.search.limits.iter().map(|limit| Cell::Number(mean(limit.outcome) / count)));
        cells.push(Cell::Number(found.robust(&asked.search, choice)));
        Row::Cells(cells)
    };
    let method = match asked.search.aims.len() {
        1 => "differential evolution (Tanabe and Fukunaga 2013)",
        _ => "NSGA-II (Deb, Pratap, Agarwal and Meyarivan 2002)",
    };
    Table {
        name: name.to_owned(),
        title: asked.title.clone(),
        label: format!("tab:{name}"),
        columns,
        rows: found.choices.iter().enumerate().map(row).collect(),
        notes: vec![format!(
            "Found by {method} in {} runs under {} draws, the same for every policy. Limits hold for expected values.",
            found.runs,
            found.baseline.len()
        )],
    }
}

/// How much of the gain is robust: by draw, and beside what could have been gained had each draw been known.
fn gains(name: &str, asked: &PreparedSearch, outcomes: &[Outcome], found: &Chosen, choice: &Choice) -> Table {
    let digits = Decimals::Significant(4);
    let unit = asked.search.aims.first().map_or("", |aim| outcomes[aim.outcome].unit.as_str());
    let row = |label: &str, gains: Vec<f64>| {
        let spread = Spread::of(gains);
        let numbers = [spread.mean, spread.median, spread.ninety.0, spread.ninety.1, spread.above_zero];
        Row::Cells(std::iter::once(Cell::text(label)).chain(numbers.map(Cell::Number)).collect())
    };
    let (fixed, informed) = (found.gain(&asked.search, choice), found.informed_gain(&asked.search));
    let missed: Vec<f64> = informed.iter().zip(&fixed).map(|(best, got)| best - got).collect();
    Table {
        name: format!("{name}-gain"),
        title: format!("{}: how much of the gain is robust", asked.title),
        label: format!("tab:{name}-gain"),
        columns: vec![
            Column::new("Gain over the baseline", Decimals::Text),
            Column::new("Mean", digits).unit(unit),
            Column::new("Median", digits).unit(unit),
            Column::new("from", digits).unit(unit).group("90 % band"),
            Column::new("to", digits).unit(unit).group("90 % band"),
            Column::new("P(> 0)", Decimals::Fixed(2)),
        ],
        rows: vec![
            row("One policy for all draws", fixed),
            row("The best policy of each draw, known beforehand", informed),
            row("Missed for not knowing", missed),
        ],
        notes: vec!["A gain is counted in the direction of the aim.".to_owned()],
    }
}

fn front(
    bench: &Bench,
    name: &str,
    asked: &PreparedSearch,
    outcomes: &[Outcome],
    found: &Chosen,
) -> Result<Vec<Exhibit>, Vec<Diagnostic>> {
    let [first, second] = &asked.search.aims[..] else { return Ok(Vec::new()) };
    let axis = |aim: &Aim| {
        let outcome = &outcomes[aim.outcome];
        Quantity::new(format!("{}, {}", outcome.title, judged(aim.judge)), outcome.unit.clone())
    };
    let standing = |aim: &Aim| match aim.judge {
        Judge::Expected => {
            found.baseline.iter().map(|draw| draw[aim.outcome]).sum::<f64>() / found.baseline.len().max(1) as f64
        }
        _ => f64::NAN,
    };
    let caption = format!(
        "{}. {}: policies that no other beats in both aims. {}",
        bench.opened.study.title,
        asked.title,
        bench.source()
    );
    let tried = found.choices.iter().map(|choice| (choice.judged[0], choice.judged[1])).collect();
    let baseline = (standing(first), standing(second));
    let drawn = baseline.0.is_finite() && baseline.1.is_finite();
    let marked = drawn.then(|| ("baseline".to_owned(), baseline.0, baseline.1)).into_iter().collect();
    // A regret is the better the smaller.
    let more = [first, second].map(|aim| aim.most && aim.judge != Judge::Regret);
    let figure = Front {
        head: Head::new(name, caption),
        across: axis(first),
        up: axis(second),
        more: more.into(),
        tried,
        marked,
    };
    figure.draw().map_err(undrawn)
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Diagnostic, render};
    use crate::shard::Part;
    use crate::study::{Inquiry, Order, ask};
    use std::path::PathBuf;
    use std::sync::atomic::AtomicBool;

    /// Schaffer's two aims, x² and (x - 2)², as the ends of two stocks that grow at these rates for a year.
    const MODEL: &str = "{UTF-8}
first= INTEG (x^2, 0) ~ Dmnl ~ Of x. |
second= INTEG ((x - 2)^2, 0) ~ Dmnl ~ Of x. |
x= 1.7 ~ Dmnl ~ To be chosen. |
on help= 0 ~ Dmnl ~ To be chosen. |
third= INTEG ((x - 0.5)^2 + 0.1 - 0.1*on help, 0) ~ Dmnl ~ Best at 0.5 with help. |
INITIAL TIME= 2000 ~ Year ~ |
FINAL TIME= 2001 ~ Year ~ |
TIME STEP= 0.25 ~ Year ~ |
SAVEPER= 1 ~ Year ~ |
";

    const STUDY: &str = "title = \"T\"
model = \"m.mdl\"
[[outcome]]
name = \"first\"
quantity = \"first\"
over = \"2000\"
[[outcome]]
name = \"second\"
quantity = \"second\"
over = \"2000\"
[[outcome]]
name = \"third\"
quantity = \"third\"
over = \"2000\"
[[outcome]]
name = \"path\"
quantity = \"third\"
";

    fn searched(name: &str, search: &str) -> (PathBuf, Result<Vec<String>, String>) {
        let folder = std::env::temp_dir().join(format!("levada-search-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("m.mdl"), MODEL).unwrap();
        std::fs::write(folder.join("study.toml"), format!("{STUDY}{search}")).unwrap();
        let order = Order { study: folder.join("study.toml"), out: Some(folder.join("out")), quick: false };
        let done = ask(&order, Part::Whole, Inquiry::Search, None, &AtomicBool::new(false), &|_| {});
        let words = |found: Vec<Diagnostic>| found.iter().map(render).collect::<String>();
        let shown = done.map(|done| done.shown).map_err(words);
        let shown = shown.map_err(|text| text.replace(&folder.display().to_string(), "DIR"));
        (folder, shown)
    }

    /// Columns of a table of results by name.
    fn column(folder: &std::path::Path, table: &str, name: &str) -> Vec<f64> {
        let mut reader = csv::Reader::from_path(folder.join("out/tables").join(format!("{table}.csv"))).unwrap();
        let head = reader.headers().unwrap().clone();
        let place = head
            .iter()
            .position(|each| each.starts_with(name) || each.contains(&format!(" {name}")))
            .unwrap_or_else(|| panic!("{name} in {head:?}"));
        reader.records().map(|row| row.unwrap()[place].parse().unwrap()).collect()
    }

    #[test]
    fn schaffers_front_posed_as_a_model() {
        let (folder, shown) = searched(
            "front",
            "[[search]]\nname = \"trade\"\npolicies = 3000\nlevers = { x = { from = -10, to = 10 } }
[[search.aim]]\noutcome = \"first\"\ndirection = \"least\"
[[search.aim]]\noutcome = \"second\"\ndirection = \"least\"\n",
        );
        assert!(shown.unwrap()[0].contains("NSGA-II"));
        let x = column(&folder, "search-trade", "x");
        assert!(x.len() > 50 && x.iter().all(|x| (-0.01..=2.01).contains(x)), "{x:?}");
        assert!(x[0] < 0.1 && x[x.len() - 1] > 1.9, "{x:?}");
        let roots = column(&folder, "search-trade", "first").into_iter().zip(column(&folder, "search-trade", "second"));
        assert!(
            roots.clone().all(|(a, b)| (a.sqrt() + b.sqrt() - 2.0).abs() < 0.02),
            "{:?}",
            roots.collect::<Vec<_>>()
        );
        assert!(folder.join("out/figures/search-trade.svg").exists());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn one_aim_with_a_switch_and_a_limit() {
        let (folder, shown) = searched(
            "one",
            "[[search]]\nname = \"best\"\nlevers = { x = { from = -3, to = 3 }, \"on help\" = \"switch\" }
[[search.aim]]\noutcome = \"third\"\ndirection = \"least\"
[[search.limit]]\noutcome = \"second\"\nat-most = 1\n",
        );
        let shown = shown.unwrap();
        // Without the limit 0.5 is best; with it x is 1 at least.
        let (x, help) = (column(&folder, "search-best", "x"), column(&folder, "search-best", "on help"));
        assert!((x[0] - 1.0).abs() < 1e-3 && help == [1.0], "{shown:?}");
        let gain = column(&folder, "search-best-gain", "Mean")[0];
        assert!((gain - (1.44 + 0.1 - 0.25)).abs() < 2e-3, "{gain}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn mistakes_are_found_at_once() {
        let (folder, shown) = searched(
            "mistakes",
            "[[search]]\nname = \"wrong\"\nlevers = { y = \"switch\", x = { from = 3, to = 1 } }
[[search.aim]]\noutcome = \"path\"\ndirection = \"up\"
[[search.aim]]\noutcome = \"thirt\"\ndirection = \"most\"\njudge = \"quantile\"\nshare = 2
[[search.limit]]\noutcome = \"second\"\n",
        );
        let text = shown.unwrap_err();
        for code in ["unknown-choice", "not-a-share", "missing-key", "lever-range"] {
            assert!(text.contains(&format!("error[{code}]")), "{code} in {text}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
        let (folder, shown) = searched(
            "names",
            "[[search]]\nname = \"wrong\"\nlevers = { y = \"switch\" }
[[search.aim]]\noutcome = \"path\"\ndirection = \"most\"
[[search.aim]]\noutcome = \"thirt\"\ndirection = \"most\"\n",
        );
        let text = shown.unwrap_err();
        for code in ["unknown-constant", "not-one-number", "unknown-outcome"] {
            assert!(text.contains(&format!("error[{code}]")), "{code} in {text}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
