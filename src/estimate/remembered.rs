//! A problem that remembers its answers, so that a method which begins again comes quickly to where it was.

use super::Parameter;
use super::problem::{Evaluation, Infeasible, Problem, Slope};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where answers are kept, by question; from any thread.
pub trait Memory: Sync {
    fn recall(&self, question: &[u8]) -> Option<Vec<u8>>;
    fn keep(&self, question: &[u8], answer: &[u8]);
}

/// A problem with a memory of its points. Answers are those of the problem, to the bit: the same point has the same answer
/// whatever else is in the batch.
pub struct Remembered<'p, P: ?Sized, M: ?Sized> {
    problem: &'p P,
    /// `None` where nothing can be kept.
    memory: Option<&'p M>,
}

impl<'p, P: Problem + ?Sized, M: Memory + ?Sized> Remembered<'p, P, M> {
    pub fn new(problem: &'p P, memory: Option<&'p M>) -> Self {
        Remembered { problem, memory }
    }

    /// Answers to all points: those not remembered are asked for in one batch.
    fn ask<A: Serialize + DeserializeOwned>(
        &self,
        kind: u8,
        points: &[Vec<f64>],
        answer: impl FnOnce(&[Vec<f64>]) -> Vec<A>,
    ) -> Vec<A> {
        let Some(memory) = self.memory else { return answer(points) };
        let question = |point: &Vec<f64>| {
            let bits = point.iter().flat_map(|at| at.to_bits().to_le_bytes());
            std::iter::once(kind).chain(bits).collect::<Vec<u8>>()
        };
        let questions: Vec<Vec<u8>> = points.iter().map(question).collect();
        let known: Vec<Option<A>> = questions
            .iter()
            .map(|question| memory.recall(question).and_then(|bytes| postcard::from_bytes(&bytes).ok()))
            .collect();
        let unknown: Vec<Vec<f64>> =
            points.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(point, _)| point.clone()).collect();
        let mut asked = if unknown.is_empty() { Vec::new() } else { answer(&unknown) }.into_iter();
        let each = questions.iter().zip(known).filter_map(|(question, known)| match known {
            Some(known) => Some(known),
            None => {
                let new = asked.next()?;
                if let Ok(bytes) = postcard::to_stdvec(&new) {
                    memory.keep(question, &bytes);
                }
                Some(new)
            }
        });
        each.collect()
    }
}

impl<P: Problem + ?Sized, M: Memory + ?Sized> Problem for Remembered<'_, P, M> {
    fn parameters(&self) -> &[Parameter] {
        self.problem.parameters()
    }

    fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
        self.ask(0, points, |points| self.problem.evaluate(points))
    }

    fn gradients(&self, points: &[Vec<f64>]) -> Vec<Result<Slope, Infeasible>> {
        self.ask(1, points, |points| self.problem.gradients(points))
    }

    fn spacing(&self, parameter: usize, at: f64) -> f64 {
        self.problem.spacing(parameter, at)
    }
}

#[cfg(test)]
mod tests {
    use super::{Memory, Problem, Remembered};
    use crate::estimate::known::rastrigin;
    use std::collections::HashMap;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Book(Mutex<HashMap<Vec<u8>, Vec<u8>>>);

    impl Memory for Book {
        fn recall(&self, question: &[u8]) -> Option<Vec<u8>> {
            self.0.lock().unwrap().get(question).cloned()
        }

        fn keep(&self, question: &[u8], answer: &[u8]) {
            self.0.lock().unwrap().insert(question.to_vec(), answer.to_vec());
        }
    }

    /// Batches of known and new points, infeasible ones among them, have the answers of the problem, in order.
    #[test]
    fn answers_are_those_of_the_problem_in_any_batch() {
        let mut problem = rastrigin(2);
        problem.forbidden = |point| point[0] > 2.0;
        let book = Book::default();
        let remembered = Remembered::new(&problem, Some(&book));
        let points: Vec<Vec<f64>> = (0..6).map(|k| vec![f64::from(k) * 0.5, -0.25]).collect();
        remembered.evaluate(&[points[4].clone(), points[1].clone()]);
        remembered.gradients(&points[2..5]);
        assert_eq!(remembered.evaluate(&points), problem.evaluate(&points));
        assert_eq!(remembered.gradients(&points), problem.gradients(&points));
        assert_eq!(book.0.lock().unwrap().len(), 12);
        let none = Remembered::<_, Book>::new(&problem, None);
        assert_eq!(none.evaluate(&points), problem.evaluate(&points));
    }
}
