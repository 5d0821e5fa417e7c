//! A variation and a program into members by number: each is a function of the seed and its number alone.

use super::fault::{Fault, Finding};
use super::law::Law;
use super::variation::{Design, Draws, Named, Variation};
use crate::check::CheckedModel;
use crate::compile::{Program, element_key};
use crate::diagnostic::{Diagnostic, nearest};
use crate::elementary::sqrt;
use crate::model::Name;
use crate::random::{Shuffle, Sobol, Stream, normal_cumulative, normal_quantile};
use crate::simulate::Member;
use std::collections::{HashMap, HashSet};

/// Members by number.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The varied constants: names as the user wrote them, and the places in the program.
    names: Vec<String>,
    places: Vec<Vec<usize>>,
    laws: Vec<Law>,
    /// Behind the laws: columns of a file.
    draws: Option<Draws>,
    row_of: HashMap<u64, usize>,
    design: Points,
    /// Lower triangle of the Cholesky factor of the correlations, `[law][law]`; empty without any.
    factor: Vec<Vec<f64>>,
    members: u64,
}

/// Uniform numbers by member and law.
#[derive(Clone, Debug)]
enum Points {
    Random { seed: u64 },
    Sobol(Sobol),
    Latin { seed: u64, members: u64, shuffles: Vec<Shuffle> },
}

/// What the plan is made for.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    pub variation: &'a Variation,
    /// Constants given a value for all members.
    pub set: &'a [(String, f64)],
    /// How many members; without it the variation must say so, or a file of draws.
    pub members: Option<u64>,
    pub seed: u64,
}

impl Plan {
    /// All faults are returned at once.
    pub fn new(order: Order, checked: &CheckedModel, program: &Program) -> Result<Plan, Vec<Diagnostic>> {
        let mut findings = Vec::new();
        let variation = order.variation;
        let drawn = variation.draws.iter().flat_map(|draws| &draws.names);
        let named: Vec<&Named> = variation.laws.iter().map(|(named, _)| named).chain(drawn).collect();
        let mut seen = HashSet::new();
        let places: Vec<Vec<usize>> = (named.iter())
            .map(|named| {
                let (places, fault) = resolve(named, order.set, checked, program);
                let again = places.iter().any(|place| !seen.insert(*place));
                let fault = fault.or(again.then(|| Fault::Twice { name: named.name.clone() }));
                findings.extend(fault.map(|fault| Finding::at(fault, &named.source, named.span)));
                places
            })
            .collect();
        let rows = variation.draws.as_ref().map(|draws| draws.rows.len() as u64);
        let members = order.members.or(variation.members).or(rows);
        if let (Some(asked), Some(rows)) = (members, rows)
            && asked > rows
        {
            findings.push(Finding::new(Fault::TooFewRows { asked, rows }));
        }
        if named.is_empty() && program.randoms.is_empty() {
            findings.push(Finding::new(Fault::NothingVaries));
        }
        // A single member of these designs can be replayed without knowing how many there are.
        let known = members.is_some() || variation.design != Design::LatinHypercube;
        if !known {
            findings.push(Finding::new(Fault::MembersUnknown));
        }
        let count = members.unwrap_or(u64::MAX);
        let factor = factor(variation, &mut findings);
        let seed = variation_seed(order.seed);
        let design = match variation.design {
            Design::Random => Points::Random { seed },
            Design::Sobol => {
                let points = members.map_or(Sobol::MOST_POINTS, |members| members.try_into().unwrap_or(usize::MAX));
                match Sobol::new(points, variation.laws.len(), seed) {
                    Ok(sobol) => Points::Sobol(sobol),
                    Err(limit) => {
                        findings.push(Finding::new(Fault::Design { reason: limit.to_string() }));
                        Points::Random { seed }
                    }
                }
            }
            Design::LatinHypercube => {
                let mut keys = Stream::new(seed, u64::MAX);
                let shuffles = (0..variation.laws.len() as u64).map(|law| Shuffle::new(count, keys.word_at(law)));
                Points::Latin { seed, members: count, shuffles: shuffles.collect() }
            }
        };
        if !findings.is_empty() {
            return Err(findings.iter().map(Finding::diagnostic).collect());
        }
        let numbers = variation.draws.iter().flat_map(|draws| draws.numbers.iter().copied());
        Ok(Plan {
            names: named.iter().map(|named| named.name.clone()).collect(),
            places,
            laws: variation.laws.iter().map(|(_, law)| law.clone()).collect(),
            draws: variation.draws.clone(),
            row_of: numbers.zip(0..).collect(),
            design,
            factor,
            members: count,
        })
    }

    /// All that members depend on, in words that are the same every time.
    pub(super) fn words(&self) -> String {
        let Plan { names, places, laws, draws, row_of: _, design, factor, members } = self;
        format!("{names:?} {places:?} {laws:?} {draws:?} {design:?} {factor:?} {members}")
    }

    /// How many members there are.
    pub fn len(&self) -> u64 {
        self.members
    }

    pub fn is_empty(&self) -> bool {
        self.members == 0
    }

    /// The varied constants, as the user wrote them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of the member at a place from 0.
    pub fn number(&self, place: u64) -> u64 {
        let drawn = self.draws.as_ref().and_then(|draws| draws.numbers.get(place as usize));
        drawn.copied().unwrap_or(place)
    }

    /// The varied constants' values in a member, in the order of [`Self::names`].
    pub fn values(&self, number: u64) -> Vec<f64> {
        let mut shares: Vec<f64> = self.shares(number);
        if !self.factor.is_empty() {
            let normal: Vec<f64> = shares.iter().map(|share| normal_quantile(*share)).collect();
            for (share, row) in shares.iter_mut().zip(&self.factor) {
                // A law without correlations keeps its number as it is.
                if row.iter().filter(|weight| **weight != 0.0).count() > 1 {
                    let sum = row.iter().zip(&normal).fold(0.0, |sum, (weight, normal)| sum + weight * normal);
                    *share = normal_cumulative(sum);
                }
            }
        }
        let mut values: Vec<f64> = self.laws.iter().zip(shares).map(|(law, share)| law.value(share)).collect();
        let row = self.row_of.get(&number).and_then(|row| self.draws.as_ref()?.rows.get(*row));
        values.extend(row.into_iter().flatten());
        values
    }

    /// The member as it runs.
    pub fn member(&self, number: u64) -> Member {
        let places = self.places.iter().zip(self.values(number));
        let changes = places.flat_map(|(places, value)| places.iter().map(move |place| (*place, value)));
        Member { number, changes: changes.collect() }
    }

    /// The member of this number, or that there is none.
    pub fn find(&self, number: u64) -> Result<Member, Diagnostic> {
        let exists = match &self.draws {
            Some(_) => self.row_of.contains_key(&number),
            None => number < self.members,
        };
        let members = self.members;
        match exists {
            true => Ok(self.member(number)),
            false => Err(Finding::new(Fault::NoSuchMember { number, members }).diagnostic()),
        }
    }

    /// A number in (0, 1) for each law.
    fn shares(&self, number: u64) -> Vec<f64> {
        match &self.design {
            Points::Random { seed } => {
                let mut stream = Stream::new(*seed, number);
                (0..self.laws.len() as u64).map(|law| stream.uniform_at(law)).collect()
            }
            Points::Sobol(sobol) => {
                (0..self.laws.len()).map(|law| sobol.at(number as usize, law).unwrap_or(0.5)).collect()
            }
            Points::Latin { seed, members, shuffles } => {
                let mut stream = Stream::new(*seed, number);
                let within = |(law, shuffle): (u64, &Shuffle)| {
                    (shuffle.at(number) as f64 + stream.uniform_at(law)) / *members as f64
                };
                (0..).zip(shuffles).map(within).collect()
            }
        }
    }
}

/// The seed of draws of constants, which are not to repeat the random numbers within the runs.
fn variation_seed(seed: u64) -> u64 {
    Stream::new(seed, u64::MAX).word_at(0)
}

/// The program's constants of this name: one, or every element of an array.
fn resolve(
    named: &Named,
    set: &[(String, f64)],
    checked: &CheckedModel,
    program: &Program,
) -> (Vec<usize>, Option<Fault>) {
    let name = named.name.clone();
    let key = element_key(&name);
    if ["initial time", "final time", "time step", "saveper"].contains(&key.as_str()) {
        return (Vec::new(), Some(Fault::Control { name }));
    }
    let array = format!("{key}[");
    let fits = |constant: &str| {
        let constant = element_key(constant);
        constant == key || constant.starts_with(&array)
    };
    let places: Vec<usize> = (program.constants.iter().enumerate())
        .filter(|(_, constant)| fits(&constant.name))
        .map(|(place, _)| place)
        .collect();
    let fault = if places.is_empty() {
        let variable = key.split('[').next().unwrap_or(&key);
        Some(match checked.names().variable(&Name::new(variable)) {
            Some(_) => Fault::NotConstant { name },
            None => {
                let known = program.constants.iter().map(|constant| constant.name.as_str());
                let near = nearest(&name, known).map(str::to_owned);
                Fault::UnknownConstant { name, nearest: near }
            }
        })
    } else if places.iter().any(|place| program.constants[*place].structural) {
        Some(Fault::Structural { name })
    } else {
        let both = set.iter().any(|(set, _)| {
            let set = element_key(set);
            set == key || set.starts_with(&array) || key.starts_with(&format!("{set}["))
        });
        both.then_some(Fault::AlsoSet { name })
    };
    (places, fault)
}

/// The lower Cholesky factor of the correlations, row by row (Cholesky and Banachiewicz); empty without any.
fn factor(variation: &Variation, findings: &mut Vec<Finding>) -> Vec<Vec<f64>> {
    if variation.correlations.is_empty() {
        return Vec::new();
    }
    let count = variation.laws.len();
    let mut matrix = vec![vec![0.0; count]; count];
    for (place, row) in matrix.iter_mut().enumerate() {
        row[place] = 1.0;
    }
    for correlation in &variation.correlations {
        let places = correlation.between.each_ref().map(|named| {
            let place = variation.laws.iter().position(|(law, _)| element_key(&law.name) == element_key(&named.name));
            if place.is_none() {
                let fault = Fault::NotVaried { name: named.name.clone() };
                findings.push(Finding::at(fault, &named.source, named.span));
            }
            place
        });
        let [Some(first), Some(second)] = places else { continue };
        let named = &correlation.between[1];
        if first == second {
            findings.push(Finding::at(Fault::BadCorrelation, &named.source, named.span));
            continue;
        }
        matrix[first][second] = correlation.rho;
        matrix[second][first] = correlation.rho;
        if cholesky(&matrix).is_none() {
            findings.push(Finding::at(Fault::Indefinite, &named.source, named.span));
            return Vec::new();
        }
    }
    cholesky(&matrix).unwrap_or_default()
}

fn cholesky(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let mut factor: Vec<Vec<f64>> = Vec::new();
    for (place, row) in matrix.iter().enumerate() {
        let mut next: Vec<f64> = Vec::with_capacity(row.len());
        for column in 0..=place {
            let before = if column == place { &next[..] } else { &factor[column][..column] };
            let sum = before.iter().zip(&next).fold(row[column], |sum, (a, b)| sum - a * b);
            next.push(if column < place { sum / factor[column][column] } else { sqrt(sum) });
        }
        if !next[place].is_normal() {
            return None;
        }
        next.resize(row.len(), 0.0);
        factor.push(next);
    }
    Some(factor)
}

#[cfg(test)]
mod tests {
    use super::cholesky;

    #[test]
    fn factors_reproduce_the_matrix() {
        let matrix = vec![vec![1.0, 0.5, -0.3], vec![0.5, 1.0, 0.2], vec![-0.3, 0.2, 1.0]];
        let factor = cholesky(&matrix).unwrap();
        for (i, row) in matrix.iter().enumerate() {
            for (j, expected) in row.iter().enumerate() {
                let product: f64 = (0..3).map(|k| factor[i][k] * factor[j][k]).sum();
                assert!((product - expected).abs() < 1e-15);
            }
        }
        let broken = vec![vec![1.0, 0.9, -0.9], vec![0.9, 1.0, 0.9], vec![-0.9, 0.9, 1.0]];
        assert!(cholesky(&broken).is_none());
    }
}
