internal import Foundation
public import Models

/// The settings that a search tries, each on a scale from 0 to 1: logarithmic where its domain is, whole numbers rounded,
/// a choice as equal parts of the scale.
public struct SearchSpace: Sendable, Equatable {
    /// A setting, and the part of its values that is searched.
    public struct Dimension: Sendable, Equatable {
        public let name: String
        public let domain: ParameterDomain

        /// The value at a place of the scale.
        func value(at place: Double) -> Double {
            let place = min(max(place, 0), 1)
            switch domain {
            case .integer(let range, let isLogarithmic):
                // Half a step beyond both ends, so that the ends are as likely as the others.
                let (low, high) = (Double(range.lowerBound) - 0.5, Double(range.upperBound) + 0.5)
                let value = Self.between(low, high, place, isLogarithmic: isLogarithmic).rounded()
                return min(max(value, Double(range.lowerBound)), Double(range.upperBound))
            case .real(let range, let isLogarithmic):
                let value = Self.between(range.lowerBound, range.upperBound, place, isLogarithmic: isLogarithmic)
                // Four digits are as many as a person wants to read, and more than a training can tell apart.
                let short = Double(String(format: "%.4g", value)) ?? value
                return min(max(short, range.lowerBound), range.upperBound)
            case .choice(let names): return Double(min(names.count - 1, Int(place * Double(names.count))))
            }
        }

        /// The place of a value, the middle of its part for a choice.
        func place(of value: Double) -> Double {
            switch domain {
            case .integer(let range, let isLogarithmic):
                let (low, high) = (Double(range.lowerBound) - 0.5, Double(range.upperBound) + 0.5)
                return Self.share(low, high, value, isLogarithmic: isLogarithmic)
            case .real(let range, let isLogarithmic):
                return Self.share(range.lowerBound, range.upperBound, value, isLogarithmic: isLogarithmic)
            case .choice(let names): return (value + 0.5) / Double(names.count)
            }
        }

        private static func between(_ low: Double, _ high: Double, _ place: Double, isLogarithmic: Bool) -> Double {
            guard isLogarithmic, low > 0 else { return low + (high - low) * place }
            return exp(log(low) + (log(high) - log(low)) * place)
        }

        private static func share(_ low: Double, _ high: Double, _ value: Double, isLogarithmic: Bool) -> Double {
            guard high > low else { return 0.5 }
            guard isLogarithmic, low > 0 else { return (value - low) / (high - low) }
            return (log(value) - log(low)) / (log(high) - log(low))
        }
    }

    /// In the order in which the algorithm declares them, or the texts name them.
    public private(set) var dimensions: [Dimension] = []

    /// All that an algorithm declares, but its limits, each within what is worth a search.
    /// - Parameter names: left out of it.
    public init<R: Recommender>(_: R.Type, without names: Set<String> = []) {
        dimensions = R.parameters.filter { $0.isSearched && !names.contains($0.name) }.map {
            Dimension(name: $0.name, domain: $0.searchDomain)
        }
    }

    /// Only what some texts name: `name`, within what is worth a search; `name=low..high`, `name=one|other`, within what may
    /// be set.
    public init<R: Recommender>(_ type: R.Type, texts: [String]) throws(SettingFailure) {
        for text in texts {
            let words = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard let parameter = R.parameters.first(where: { $0.name == words.first }) else {
                throw SettingFailure(
                    "\(R.name) has no setting '\(words.first ?? "")'; there are "
                        + R.parameters.map(\.name).joined(separator: ", "))
            }
            guard !dimensions.contains(where: { $0.name == parameter.name }) else {
                throw SettingFailure("'\(parameter.name)' is searched twice")
            }
            let domain = words.count == 1 ? parameter.searchDomain : Self.narrowed(parameter.domain, words[1])
            guard let domain else {
                throw SettingFailure(
                    "'\(text)' is no part of \(R.name)'s \(parameter.name), which takes \(parameter.domain); "
                        + "write it as low..high or one|other")
            }
            dimensions.append(Dimension(name: parameter.name, domain: domain))
        }
    }

    private static func narrowed(_ domain: ParameterDomain, _ text: String) -> ParameterDomain? {
        if case .choice(let names) = domain {
            let some = text.split(separator: "|").map(String.init)
            return some.isEmpty || !some.allSatisfy(names.contains) ? nil : .choice(some)
        }
        guard let dots = text.range(of: "..") else { return nil }
        guard let low = domain.value(String(text[..<dots.lowerBound])),
            let high = domain.value(String(text[dots.upperBound...])), low <= high
        else { return nil }
        return switch domain {
        case .integer(_, let isLogarithmic): .integer(Int(low)...Int(high), isLogarithmic: isLogarithmic)
        case .real(_, let isLogarithmic): .real(low...high, isLogarithmic: isLogarithmic)
        case .choice: nil
        }
    }

    /// The settings at places of the scales, as an algorithm's `set` takes them.
    func settings(at places: [Double]) -> [String: String] {
        var settings: [String: String] = [:]
        for (dimension, place) in zip(dimensions, places) {
            settings[dimension.name] = dimension.domain.text(dimension.value(at: place))
        }
        return settings
    }

    /// The places of settings; nil where one is missing or not of its domain.
    func places(of settings: [String: String]) -> [Double]? {
        var places: [Double] = []
        for dimension in dimensions {
            guard let value = settings[dimension.name].flatMap(dimension.domain.value) else { return nil }
            places.append(dimension.place(of: value))
        }
        return places
    }
}
