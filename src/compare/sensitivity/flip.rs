//! What would have to be true for a ranking to turn round.

/// The nearest draw in which a difference has the other sign.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip {
    pub draw: usize,
    /// From the centre, in standard deviations of each input (Euclidean).
    pub distance: f64,
    /// How far each input lies from the centre, in its standard deviations, farthest first.
    pub moves: Vec<(usize, f64)>,
}

/// The nearest draw to `centre` whose difference has another sign than `reference`; `scales` are standard deviations of the
/// inputs. `None` where all draws agree.
pub fn nearest(
    draws: &[Vec<f64>],
    centre: &[f64],
    scales: &[f64],
    differences: &[f64],
    reference: f64,
) -> Option<Flip> {
    let away = |draw: &Vec<f64>| -> Vec<f64> {
        let from_centre = draw.iter().zip(centre).zip(scales);
        from_centre.map(|((at, centre), scale)| if *scale > 0.0 { (at - centre) / scale } else { 0.0 }).collect()
    };
    let turned = differences.iter().enumerate().filter(|(_, difference)| **difference * reference < 0.0);
    let with_distance = turned.map(|(number, _)| {
        let distance = away(&draws[number]).iter().map(|move_| move_ * move_).sum::<f64>().sqrt();
        (number, distance)
    });
    let (draw, distance) = with_distance.min_by(|a, b| a.1.total_cmp(&b.1))?;
    let mut moves: Vec<(usize, f64)> = away(&draws[draw]).into_iter().enumerate().collect();
    moves.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    Some(Flip { draw, distance, moves })
}

/// Where a difference changes sign along one input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Turn {
    /// At this place, the nearest to the centre.
    At(f64),
    /// Nowhere within the places tried.
    Nowhere,
}

/// The place nearest to `centre` at which differences along `places`, ascending, change sign; straight lines between places.
pub fn turning_point(places: &[f64], differences: &[f64], centre: f64) -> Turn {
    let pairs = places.windows(2).zip(differences.windows(2));
    let crossings = pairs.filter(|(_, d)| d[0] * d[1] < 0.0).map(|(p, d)| p[0] + (p[1] - p[0]) * d[0] / (d[0] - d[1]));
    let nearest = crossings.min_by(|a, b| (a - centre).abs().total_cmp(&(b - centre).abs()));
    nearest.map_or(Turn::Nowhere, Turn::At)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_draw_of_another_mind() {
        let draws = [vec![0.0, 0.0], vec![2.0, 10.0], vec![3.0, 0.0], vec![-9.0, 0.0]];
        let differences = [1.0, -1.0, -0.5, -2.0];
        let flip = nearest(&draws, &[0.0, 0.0], &[1.0, 10.0], &differences, 1.0).unwrap();
        assert_eq!(flip, Flip { draw: 1, distance: 5f64.sqrt(), moves: vec![(0, 2.0), (1, 1.0)] });
        assert_eq!(nearest(&draws, &[0.0, 0.0], &[1.0, 10.0], &[1.0; 4], 1.0), None);
    }

    #[test]
    fn the_nearest_crossing_along_one_input() {
        let places = [-2.0, -1.0, 0.0, 1.0, 2.0];
        assert_eq!(turning_point(&places, &[-1.0, 1.0, 1.0, 3.0, -1.0], 0.0), Turn::At(-1.5));
        assert_eq!(turning_point(&places, &[1.0; 5], 0.0), Turn::Nowhere);
    }
}
