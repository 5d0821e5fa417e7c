//! The arms of a match over pairs of operations, so that each pair has a loop of its own.

/// Calls the macro `$run!(First, Second, plain | turned)` for the pair at hand.
macro_rules! for_pair {
    ($pair:expr, $run:ident) => {
        match $pair.first {
            Binary::Add => for_pair!(@second $pair, $run, Add),
            Binary::Subtract => for_pair!(@second $pair, $run, Subtract),
            _ => for_pair!(@second $pair, $run, Multiply),
        }
    };
    (@second $pair:expr, $run:ident, $first:ident) => {
        match ($pair.second, $pair.turned) {
            (Binary::Add, _) => $run!($first, Add, plain),
            (Binary::Multiply, _) => $run!($first, Multiply, plain),
            (Binary::Subtract, false) => $run!($first, Subtract, plain),
            (Binary::Subtract, true) => $run!($first, Subtract, turned),
            (Binary::Divide, false) => $run!($first, Divide, plain),
            (Binary::Divide, true) => $run!($first, Divide, turned),
            (Binary::Minimum, false) => $run!($first, Minimum, plain),
            (Binary::Minimum, true) => $run!($first, Minimum, turned),
            (Binary::Maximum, false) => $run!($first, Maximum, plain),
            (Binary::Maximum, true) => $run!($first, Maximum, turned),
            _ => {}
        }
    };
}
pub(super) use for_pair;

/// A pair's value.
macro_rules! pair_value {
    ($first:ident, $second:ident, plain, $a:expr, $b:expr, $c:expr) => {
        Binary::$second.apply(Binary::$first.apply($a, $b), $c)
    };
    ($first:ident, $second:ident, turned, $a:expr, $b:expr, $c:expr) => {
        Binary::$second.apply($c, Binary::$first.apply($a, $b))
    };
}
pub(super) use pair_value;
