//! Chains that take their gradients together: what several chains ask for at one time is evaluated in one batch, so that
//! the lanes of the executor do the work. Each chain is a thread that waits for its answers; what it was told is kept, and a
//! chain that is told the same again walks the same way, to the bit.

use crate::estimate::{Problem, Slope};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// What a chain was told so far, in order; `None` for a point that is infeasible.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told(Vec<Option<Slope>>);

/// Why there is no gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// The point is infeasible.
    Nowhere,
    /// The work is to be left.
    Stopped,
}

enum Message {
    Point(usize, Vec<f64>),
    Left,
}

/// A chain's end of the line.
pub(super) struct Asking<'s> {
    place: usize,
    stop: &'s AtomicBool,
    ask: Sender<Message>,
    answers: Receiver<Option<Slope>>,
    told: Told,
    next: usize,
}

impl Asking<'_> {
    /// The objective and its gradient at a point of search coordinates.
    pub fn slope(&mut self, point: Vec<f64>) -> Result<Slope, Silence> {
        if self.next == self.told.0.len() {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Silence::Stopped);
            }
            self.ask.send(Message::Point(self.place, point)).map_err(|_| Silence::Stopped)?;
            self.told.0.push(self.answers.recv().map_err(|_| Silence::Stopped)?);
        }
        self.next += 1;
        self.told.0[self.next - 1].clone().ok_or(Silence::Nowhere)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        // Nobody listens any more only where the listener is gone itself.
        let _ = self.ask.send(Message::Left);
    }
}

/// Runs `walk` once for each of `chains`, a number and what it was told before, and answers what they ask on the calling
/// thread. Gives back what each walk returned and everything that it was told.
pub(super) fn together<P, W>(
    problem: &P,
    chains: Vec<(usize, Told)>,
    stop: &AtomicBool,
    walk: &(dyn Fn(usize, &mut Asking) -> W + Sync),
) -> Vec<(usize, W, Told)>
where
    P: Problem + ?Sized,
    W: Send,
{
    std::thread::scope(|scope| {
        let (ask, asked) = channel();
        let mut lines: Vec<Sender<Option<Slope>>> = Vec::with_capacity(chains.len());
        let walks: Vec<_> = chains
            .into_iter()
            .enumerate()
            .map(|(place, (number, told))| {
                let (line, answers) = channel();
                lines.push(line);
                let mut asking = Asking { place, stop, ask: ask.clone(), answers, told, next: 0 };
                scope.spawn(move || {
                    let walked = walk(number, &mut asking);
                    (number, walked, std::mem::take(&mut asking.told))
                })
            })
            .collect();
        drop(ask);
        let mut there = walks.len();
        let mut waiting: Vec<(usize, Vec<f64>)> = Vec::with_capacity(there);
        for message in asked {
            match message {
                Message::Point(place, point) => waiting.push((place, point)),
                Message::Left => there -= 1,
            }
            if there > 0 && waiting.len() == there {
                let (places, points): (Vec<usize>, Vec<Vec<f64>>) = waiting.drain(..).unzip();
                for (place, slope) in places.into_iter().zip(problem.gradients(&points)) {
                    // A chain that has left needs no answer.
                    let _ = lines[place].send(slope.ok());
                }
            }
        }
        walks.into_iter().map(|walk| walk.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Evaluation, Infeasible, Parameter};
    use std::sync::Mutex;

    /// Remembers the sizes of its batches; infeasible below zero.
    struct Counted {
        parameters: Vec<Parameter>,
        batches: Mutex<Vec<usize>>,
    }

    impl Problem for Counted {
        fn parameters(&self) -> &[Parameter] {
            &self.parameters
        }

        fn evaluate(&self, _: &[Vec<f64>]) -> Vec<Evaluation> {
            Vec::new()
        }

        fn gradients(&self, points: &[Vec<f64>]) -> Vec<Result<Slope, Infeasible>> {
            self.batches.lock().unwrap().push(points.len());
            let slope = |point: &Vec<f64>| match point[0] < 0.0 {
                true => Err(Infeasible::new("below zero")),
                false => Ok(Slope { value: Default::default(), gradient: vec![2.0 * point[0]] }),
            };
            points.iter().map(slope).collect()
        }
    }

    #[test]
    fn chains_of_unequal_length_share_batches_and_are_told_the_same_again() {
        let problem = Counted { parameters: vec![Parameter::new("x", 0.0)], batches: Mutex::default() };
        // Chain k asks k + 2 times and sums what it is told; the last asks for what is nowhere.
        let walk = |number: usize, asking: &mut Asking| {
            let sum: f64 = (0..number + 2).map(|step| asking.slope(vec![step as f64]).unwrap().gradient[0]).sum();
            (number == 2).then(|| assert_eq!(asking.slope(vec![-1.0]), Err(Silence::Nowhere)));
            sum
        };
        let go = AtomicBool::new(false);
        let chains = |told: Vec<Told>| told.into_iter().enumerate().collect();
        let found = together(&problem, chains(vec![Told::default(); 3]), &go, &walk);
        assert_eq!(found.iter().map(|(_, sum, _)| *sum).collect::<Vec<f64>>(), [2.0, 6.0, 12.0]);
        assert_eq!(*problem.batches.lock().unwrap(), [3, 3, 2, 1, 1]);
        problem.batches.lock().unwrap().clear();
        let told: Vec<Told> = found.iter().map(|(_, _, told)| told.clone()).collect();
        assert_eq!(together(&problem, chains(told), &go, &walk), found);
        assert!(problem.batches.lock().unwrap().is_empty());
        let stopped = AtomicBool::new(true);
        let none = together(&problem, chains(vec![Told::default()]), &stopped, &|_, asking| asking.slope(vec![1.0]));
        assert_eq!(none, [(0, Err(Silence::Stopped), Told::default())]);
    }
}
