//! Functions of Vensim that Levada knows by name and does not run, and what can be written instead.

use crate::model::{Dialect, Name};

/// Names and advice. An ending `*` stands for whatever follows.
const VENSIM: [(&str, &str); 42] = [
    ("ALLOC P", "write ALLOCATE AVAILABLE, or the shares themselves"),
    ("DELAY BATCH", "write a chain of stocks, or DELAY FIXED of the batches"),
    ("DELAY LOSS", "write the chain of stocks, each with its own loss"),
    ("DELAY PROFILE", "write a sum of DELAY FIXED, one for each part of the profile"),
    ("DELAYP", "write DELAY3, and the pipeline as a stock with its inflow and outflow"),
    ("DEMAND AT PRICE", "write the demand curve itself"),
    ("DEPRECIATE BY SCHEDULE", "write one stock for each year of the schedule"),
    ("DEPRECIATE STRAIGHTLINE", "write a stock, and its outflow as DELAY FIXED of the inflow divided by the lifetime"),
    ("FIND MARKET PRICE", "let the price be a stock that excess demand moves"),
    ("FIND ZERO", "solve the equation by hand, or let a stock move to its solution"),
    ("GET 123 *", "save the sheet as .xlsx or .csv and read it with GET DIRECT DATA"),
    ("GET DATA MAX", "compute it from the data and set it as a constant"),
    ("GET DATA MEAN", "compute it from the data and set it as a constant"),
    ("GET DATA MEDIAN", "compute it from the data and set it as a constant"),
    ("GET DATA MIN", "compute it from the data and set it as a constant"),
    ("GET DATA STDV", "compute it from the data and set it as a constant"),
    ("GET DATA TOTAL POINTS", "compute it from the data and set it as a constant"),
    ("GET ODBC *", "export the table as .csv and read it with GET DIRECT DATA"),
    ("GET VDF *", "export the run as .csv and read it with GET DIRECT DATA, or give it with --data"),
    ("GET XLS SUBSCRIPT", "write it as the right-hand side of a subscript: `name: GET XLS SUBSCRIPT(...)`"),
    ("INTERNAL RATE OF RETURN", "compute the rate from the run's results"),
    ("LOOKUP SLOPE", "write (table(x+h) - table(x-h)) / (2*h) with a small h"),
    ("MARKETP", "let the price be a stock that excess demand moves"),
    ("MESSAGE", "remove it: a run shows no messages"),
    ("QUEUE *", "write a stock with its inflow and outflow, or DELAY FIXED"),
    ("RANDOM BETA", "write a function of RANDOM UNIFORM, or draw the value outside and set it as a constant"),
    ("RANDOM BINOMIAL", "write a sum of comparisons with RANDOM UNIFORM, or RANDOM POISSON where chances are small"),
    ("RANDOM GAMMA", "write a sum of RANDOM EXPONENTIAL, if its order is a whole number"),
    ("RANDOM LOGISTIC", "write mean + scale*LN(u/(1-u)) with u = RANDOM UNIFORM(0, 1, seed)"),
    ("RANDOM LOOKUP", "write table(u) of the inverted table with u = RANDOM UNIFORM(0, 1, seed)"),
    ("RANDOM NEGATIVE BINOMIAL", "write RANDOM POISSON of a varying mean"),
    ("RANDOM PINK NOISE", "write a stock that RANDOM NORMAL moves: change = (noise - pink)/correlation time"),
    ("RANDOM WEIBULL", "write scale*(-LN(1-u))^(1/shape) with u = RANDOM UNIFORM(0, 1, seed)"),
    ("SAMPLE UNTIL", "write SAMPLE IF TRUE with the condition turned round"),
    ("SHIFT IF TRUE", "write one stock for each stage, moved by the condition"),
    ("SIMULTANEOUS", "break the circle with a stock or a delay"),
    ("SUPPLY AT PRICE", "write the supply curve itself"),
    ("SINTEG", "write INTEG, and keep the stock within its bounds by its flows"),
    ("SSHAPE", "write WITH LOOKUP, or the curve itself"),
    ("RAMP FROM TO", "write RAMP(slope, start, end)"),
    ("TASK *", "write the task as a stock of work left"),
    ("VECTOR LOOKUP", "write one lookup variable and name it"),
];

/// Functions of other tools and languages, and Vensim's own words for them.
const ELSEWHERE: [(&str, &str); 17] = [
    ("AVERAGE", "write SUM(x[region!])/ELMCOUNT(region), with the subscript of x in the place of region"),
    ("CEILING", "write INTEGER(x) + IF THEN ELSE(x > INTEGER(x), 1, 0)"),
    ("DELAY", "write DELAY FIXED(input, delay time, initial value)"),
    ("FLOOR", "write INTEGER(x) - IF THEN ELSE(x < INTEGER(x), 1, 0)"),
    ("IF", "write IF THEN ELSE(condition, value if true, value if false)"),
    ("INIT", "write INITIAL(x)"),
    ("LOG10", "write LOG(x, 10)"),
    ("MAXIMUM", "write MAX(a, b), or VMAX(x[region!]) over a subscript"),
    ("MEAN", "write SUM(x[region!])/ELMCOUNT(region), with the subscript of x in the place of region"),
    ("MINIMUM", "write MIN(a, b), or VMIN(x[region!]) over a subscript"),
    ("MOD", "write MODULO(x, y)"),
    ("NORMAL", "write RANDOM NORMAL(minimum, maximum, mean, standard deviation, seed)"),
    ("POW", "write x^y"),
    ("PREVIOUS", "write DELAY FIXED(x, TIME STEP, initial value)"),
    ("ROUND", "write INTEGER(x + 0.5), for x not below zero"),
    ("SMTH1", "write SMOOTH(input, delay time)"),
    ("SMTH3", "write SMOOTH3(input, delay time)"),
];

/// The word of Vensim for a function that other tools have.
pub fn elsewhere(dialect: Dialect, name: &Name) -> Option<&'static str> {
    let found = ELSEWHERE.iter().find(|(own, _)| dialect == Dialect::Vensim && own.to_lowercase() == name.key());
    found.map(|(_, advice)| *advice)
}

/// What to write instead of a function that the dialect's own tool has and Levada does not.
pub fn instead(dialect: Dialect, name: &Name) -> Option<&'static str> {
    if dialect != Dialect::Vensim {
        return None;
    }
    let found = VENSIM.iter().find(|(own, _)| match own.strip_suffix('*') {
        Some(start) => name.key().starts_with(&start.to_lowercase()),
        None => own.to_lowercase() == name.key(),
    });
    found.map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Function;

    #[test]
    fn what_runs_is_not_refused() {
        for (name, _) in VENSIM.iter().chain(&ELSEWHERE) {
            assert!(Function::named(Dialect::Vensim, &Name::new(name)).is_none(), "{name}");
        }
        for name in Function::spellings(Dialect::Vensim) {
            assert_eq!(instead(Dialect::Vensim, &Name::new(name)), None, "{name}");
        }
        assert!(instead(Dialect::Vensim, &Name::new("Queue_FIFO")).is_some());
        assert_eq!(instead(Dialect::Xmile, &Name::new("QUEUE FIFO")), None);
    }
}
