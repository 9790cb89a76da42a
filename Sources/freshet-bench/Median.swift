import ServiceKit

extension [Double] {
    /// NaN of nothing.
    var median: Double { share(0.5) }

    /// The value below which this share of the values lies.
    func share(_ share: Double) -> Double {
        isEmpty ? .nan : sorted()[Swift.min(count - 1, Int(Double(count) * share))]
    }
}

/// 0.333 as 0.33.
func hundredths(_ value: Double) -> String { HumanFormat.fixed(value, digits: 2) }
