//! Link scores: how much of the change of an effect comes from one of its causes.
//!
//! *Method.* W. Schoenberg, P. Davidsen and R. Eberlein (2020), "Understanding model behavior using the Loops that Matter
//! method", System Dynamics Review 36(2), 158-190, eq. 1: for z = f(x, y) and a step from t - dt to t,
//! `|Δx z / Δz| sign(Δx z / Δx)`, where Δx z is the change of z when x alone changes, and zero where x or z does not
//! change. What leads into a stock is scored against the change of the stock's net flow, as in W. Schoenberg, J. Hayward
//! and R. Eberlein (2023), "Improving Loops that Matter", System Dynamics Review 39(2), 140-151, eq. 3, which replaces
//! eq. 2 and 3 of 2020: those depended on how flows are put together. As dt goes to zero a score becomes
//! `∂z/∂x |ẋ/ż|` (2023, eq. 5), and that of a link into a stock `∂Ṡ/∂x |ẋ/S̈|` (eq. 7).
//!
//! *Cost.* Two evaluations of the model for each time, and one more for each variable on a loop.

use crate::check::Graph;
use crate::compile::{Opened, Part};
use crate::simulate::{Equations, Failure, Save, Settings, run_once};

/// A change smaller than this share of the value is rounding: some thousand operations of half a unit in the last place.
const ROUNDING: f64 = 1e-12;

/// One equation's direct action on another on its loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Places in `Opened::equations`.
    pub cause: usize,
    pub effect: usize,
}

/// How strong each link on a loop was.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkScores {
    /// By cause, then effect.
    pub links: Vec<Link>,
    /// Ends of the steps scored.
    pub times: Vec<f64>,
    /// `[link][time]`, dimensionless.
    pub scores: Vec<Vec<f64>>,
    /// Sets of equations each of which acts on all others of its set.
    pub components: Vec<Vec<usize>>,
}

/// Runs the model and scores every link that lies on a loop over the step that ends at each saved time.
///
/// # Errors
/// The run's.
pub fn link_scores(opened: &Opened, settings: &Settings) -> Result<LinkScores, Failure> {
    let count = opened.equations.len();
    let causes = opened.equations.iter().enumerate();
    let all = causes.flat_map(|(effect, equation)| equation.causes.iter().map(move |cause| (*cause, effect)));
    let graph = Graph::new(count, all);
    let mut components = graph.components();
    components.retain(|nodes| nodes.len() > 1 || graph.successors(nodes[0]).contains(&nodes[0]));
    components.sort();
    let mut component = vec![usize::MAX; count];
    for (number, nodes) in components.iter().enumerate() {
        nodes.iter().for_each(|node| component[*node] = number);
    }
    let mut links = Vec::new();
    for cause in components.iter().flatten().copied() {
        let effects = graph.successors(cause).iter().filter(|effect| component[**effect] == component[cause]);
        links.extend(effects.map(|effect| Link { cause, effect: *effect }));
    }
    links.sort_by_key(|link| (link.cause, link.effect));

    let mut equations = Equations::new(opened);
    let (times, values) = steps(opened, settings, &mut equations)?;
    let mut scores = vec![Vec::with_capacity(times.len()); links.len()];
    let (mut before, mut after, mut alone) = (vec![0.0; count], vec![0.0; count], vec![0.0; count]);
    for (&(start, end), [old, new]) in times.iter().zip(&values) {
        equations.at(start, old, &mut before);
        equations.at(end, new, &mut after);
        let mut mixed = old.clone();
        let mut evaluated = None;
        for (link, scores) in links.iter().zip(&mut scores) {
            let (was, is) = (old[link.cause], new[link.cause]);
            if evaluated != Some(link.cause) {
                mixed[link.cause] = is;
                equations.at(start, &mixed, &mut alone);
                mixed[link.cause] = was;
                evaluated = Some(link.cause);
            }
            let (from, to) = (before[link.effect], after[link.effect]);
            let moved = if unchanged(from, alone[link.effect]) { 0.0 } else { alone[link.effect] - from };
            scores.push(match unchanged(was, is) || unchanged(from, to) {
                true => 0.0,
                false => (moved / (to - from)).abs() * (moved / (is - was)).signum() * f64::from(moved != 0.0),
            });
        }
    }
    Ok(LinkScores { links, times: times.into_iter().map(|(_, end)| end).collect(), scores, components })
}

fn unchanged(from: f64, to: f64) -> bool {
    let change = (to - from).abs();
    !change.is_finite() || change <= ROUNDING * from.abs().max(to.abs())
}

/// The steps that end at saved times, and the values of all equations at their two ends.
type Steps = (Vec<(f64, f64)>, Vec<[Vec<f64>; 2]>);

fn steps(opened: &Opened, settings: &Settings, equations: &mut Equations) -> Result<Steps, Failure> {
    let columns: Vec<usize> = opened.equations.iter().map(|equation| equation.column).collect();
    let width = opened.whole.outputs.len();
    let saved = run_once(&opened.whole, &Settings { save: Save::Every, ..settings.clone() })?;
    let mut results = vec![0.0; columns.len()];
    let first: Vec<f64> = columns.iter().map(|column| saved.rows.get(*column).copied().unwrap_or(f64::NAN)).collect();
    let start = saved.times.first().copied().unwrap_or(0.0);
    equations.at(start, &first, &mut results);
    let step = equations.step();
    let times: Vec<(f64, f64)> =
        saved.times.iter().skip(1).map(|end| ((end - step).max(start), *end)).filter(|(from, to)| from < to).collect();
    let mut at: Vec<f64> = times.iter().flat_map(|(from, to)| [*from, *to]).collect();
    at.sort_by(f64::total_cmp);
    at.dedup();
    let saved = run_once(&opened.whole, &Settings { save: Save::At(at), ..settings.clone() })?;
    let row = |time: f64| {
        // A run's own times may differ from those asked for in the last place.
        let near = 1e-9 * step;
        let row = saved.times.partition_point(|t| *t < time - near);
        let found = saved.times.get(row).is_some_and(|t| *t <= time + near);
        let value = |column: &usize| saved.rows.get(row * width + column).copied().filter(|_| found);
        columns.iter().map(|column| value(column).unwrap_or(f64::NAN)).collect()
    };
    let values = times.iter().map(|(from, to)| [row(*from), row(*to)]).collect();
    Ok((times, values))
}

/// Which equations are stocks or stand inside functions: what a loop must have.
pub(super) fn stocks(opened: &Opened) -> Vec<bool> {
    opened.equations.iter().map(|equation| equation.part != Part::Auxiliary).collect()
}
