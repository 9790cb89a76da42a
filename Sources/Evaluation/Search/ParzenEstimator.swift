internal import Foundation
internal import Models

/// The tree-structured Parzen estimator (Bergstra et al., Algorithms for Hyper-Parameter Optimization, NIPS 2011): of the
/// trials so far, the best fifth and the others each give a density, a mixture of truncated normals about what they tried
/// for numbers and smoothed counts for choices; of some candidates from the density of the good, the one is taken whose
/// ratio of both densities is largest. Settings are taken as independent of each other, as in the paper.
struct ParzenEstimator {
    let space: SearchSpace
    /// The share of trials that count as good, γ.
    static let goodShare = 0.2
    static let candidates = 24

    /// - Parameters:
    ///   - places: of the trials so far, best first; at least two.
    ///   - measured: how many of them have values. The rest were stopped or refused, and are never among the good.
    func next(_ places: [[Double]], measured: Int, using random: inout RandomStream) -> [Double] {
        let good = max(1, min(measured, Int((Self.goodShare * Double(places.count)).rounded(.up))))
        return space.dimensions.indices.map { index in
            let above = places[..<good].map { $0[index] }
            let below = places[good...].map { $0[index] }
            if case .choice(let names) = space.dimensions[index].domain {
                return choose(above, below, names.count, &random)
            }
            let (likely, unlikely) = (Mixture(above), Mixture(below))
            var best = (place: 0.5, ratio: -Double.infinity)
            for _ in 0..<Self.candidates {
                let place = likely.draw(&random)
                let ratio = log(likely.density(place)) - log(unlikely.density(place))
                if ratio > best.ratio { best = (place, ratio) }
            }
            return best.place
        }
    }

    private func choose(_ above: [Double], _ below: [Double], _ count: Int, _ random: inout RandomStream) -> Double {
        func weights(_ places: [Double]) -> [Double] {
            var weights = [Double](repeating: 1, count: count)
            for place in places { weights[min(count - 1, Int(place * Double(count)))] += 1 }
            let sum = weights.reduce(0, +)
            return weights.map { $0 / sum }
        }
        let (likely, unlikely) = (weights(above), weights(below))
        var best = (choice: 0, ratio: -Double.infinity)
        for _ in 0..<Self.candidates {
            var rest = random.uniform()
            var choice = 0
            while choice < count - 1, rest >= likely[choice] {
                rest -= likely[choice]
                choice += 1
            }
            if likely[choice] / unlikely[choice] > best.ratio { best = (choice, likely[choice] / unlikely[choice]) }
        }
        return (Double(best.choice) + 0.5) / Double(count)
    }

    /// Normals about places in 0...1, cut off at both ends, and one flat part that keeps all of it possible.
    struct Mixture {
        private let parts: [(centre: Double, deviation: Double, mass: Double)]

        init(_ places: [Double]) {
            let sorted = places.sorted()
            // As wide as the larger gap to a neighbour, within bounds (section 4.2 of the paper).
            let least = 1 / Double(min(100, sorted.count + 2))
            parts = sorted.indices.map { index in
                let left = sorted[index] - (index > 0 ? sorted[index - 1] : 0)
                let right = (index + 1 < sorted.count ? sorted[index + 1] : 1) - sorted[index]
                let deviation = min(max(left, right, least), 0.5)
                let mass = Self.below((1 - sorted[index]) / deviation) - Self.below(-sorted[index] / deviation)
                return (sorted[index], deviation, mass)
            }
        }

        func density(_ place: Double) -> Double {
            var sum = 1.0
            for part in parts {
                let z = (place - part.centre) / part.deviation
                sum += exp(-z * z / 2) / (part.deviation * (2 * Double.pi).squareRoot() * part.mass)
            }
            return sum / Double(parts.count + 1)
        }

        func draw(_ random: inout RandomStream) -> Double {
            let index = min(parts.count, Int(random.uniform() * Double(parts.count + 1)))
            guard index < parts.count else { return random.uniform() }
            while true {
                let place = parts[index].centre + parts[index].deviation * random.normal()
                if place >= 0, place <= 1 { return place }
            }
        }

        /// The normal distribution's mass below z.
        private static func below(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }
    }
}
