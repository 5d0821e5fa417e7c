//! Runs with the slopes of what is read from them: by tangents, or by neighbours that share their steps.

use super::Objective;
use super::posterior::FIXED_STEP_SPACING;
use super::slopes::ReadingSlopes;
use crate::compile::{Differentiated, Direction};
use crate::estimate::{Infeasible, Problem};
use crate::simulate::{LANES, Member, run_tangents, run_together};

/// Of a group of runs: point, experiment, and the parameters with the distance of their neighbour.
type Plan = (usize, usize, Vec<(usize, f64)>);

/// Readings of each experiment and their slopes by its estimated constants.
pub(super) type Sloped = Vec<(Vec<f64>, ReadingSlopes)>;

impl Objective {
    /// Exact, at each point.
    pub(super) fn with_tangents(
        &self,
        differentiated: &Differentiated,
        points: &[Vec<f64>],
    ) -> Vec<Result<Sloped, Infeasible>> {
        let experiments = self.experiments.len();
        let members: Vec<Member> = points
            .iter()
            .flat_map(|point| {
                let natural = self.natural(point);
                (0..experiments).map(move |experiment| (experiment, natural.clone()))
            })
            .map(|(experiment, natural)| Member { number: 0, changes: self.changes(&natural, experiment) })
            .collect();
        let runs = run_tangents(differentiated, &self.settings, &members);
        let reader = self.readout.within(&self.program);
        let each = runs.chunks(experiments).map(|runs| {
            let of = |(trial, run): (&super::posterior::Trial, &Result<_, crate::simulate::Failure>)| {
                let run = run.as_ref().map_err(|failure| Infeasible::new(failure.diagnostic().message))?;
                let slope = |(parameter, constant): &(usize, usize)| {
                    let wanted = Direction::Constant(*constant);
                    let direction = differentiated.directions.iter().position(|direction| *direction == wanted)?;
                    Some((*parameter, reader.read_slopes(run, direction)))
                };
                Ok((reader.read(&run.saved), trial.estimated.iter().filter_map(slope).collect()))
            };
            self.experiments.iter().zip(runs).map(of).collect()
        });
        each.collect()
    }

    /// By one-sided differences to runs that take the same steps: as exact as their spacing, whatever the tolerance.
    pub(super) fn with_neighbours(&self, points: &[Vec<f64>]) -> Vec<Result<Sloped, Infeasible>> {
        let mut groups: Vec<Vec<Member>> = Vec::new();
        let mut plans: Vec<Plan> = Vec::new();
        for (number, point) in points.iter().enumerate() {
            let natural = self.natural(point);
            for (experiment, trial) in self.experiments.iter().enumerate() {
                let base = Member { number: 0, changes: self.changes(&natural, experiment) };
                let estimated = &trial.estimated;
                for part in estimated.chunks(LANES - 1).chain(estimated.is_empty().then_some(&[][..])) {
                    let mut members = vec![base.clone()];
                    let mut plan = Vec::with_capacity(part.len());
                    for (parameter, _) in part {
                        let mut beside = natural.clone();
                        beside[*parameter] = self.beside(*parameter, point[*parameter]);
                        plan.push((*parameter, beside[*parameter] - natural[*parameter]));
                        members.push(Member { number: 0, changes: self.changes(&beside, experiment) });
                    }
                    groups.push(members);
                    plans.push((number, experiment, plan));
                }
            }
        }
        let reader = self.readout.within(&self.program);
        let mut all: Vec<Result<Sloped, Infeasible>> =
            points.iter().map(|_| Ok(vec![(Vec::new(), Vec::new()); self.experiments.len()])).collect();
        for ((point, experiment, plan), runs) in
            plans.into_iter().zip(run_together(&self.program, &self.settings, &groups))
        {
            let read: Result<Vec<Vec<f64>>, Infeasible> = runs
                .iter()
                .map(|run| run.as_ref().map(|saved| reader.read(saved)))
                .map(|run| run.map_err(|failure| Infeasible::new(failure.diagnostic().message)))
                .collect();
            match (&mut all[point], read) {
                (Ok(sloped), Ok(read)) => {
                    let (base, beside) = (&read[0], &read[1..]);
                    for ((parameter, distance), beside) in plan.into_iter().zip(beside) {
                        let slopes = beside.iter().zip(base).map(|(beside, base)| (beside - base) / distance);
                        sloped[experiment].1.push((parameter, slopes.collect()));
                    }
                    sloped[experiment].0.clone_from(base);
                }
                (all, Err(why)) => *all = Err(why),
                (Err(_), Ok(_)) => {}
            }
        }
        all
    }

    /// The natural value of a parameter a little further inside its bounds.
    fn beside(&self, number: usize, at: f64) -> f64 {
        let parameter = &self.parameters()[number];
        let spacing = FIXED_STEP_SPACING * at.abs().max(parameter.typical());
        let (_, high) = parameter.search_bounds();
        parameter.natural(if at + spacing <= high { at + spacing } else { at - spacing })
    }
}
