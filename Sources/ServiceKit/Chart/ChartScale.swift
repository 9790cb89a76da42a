internal import Foundation

/// A stretch of numbers with round ticks, and where each of them lies on an axis.
struct ChartScale {
    let low: Double
    let high: Double
    let ticks: [Double]
    private let step: Double

    /// - Parameters:
    ///   - values: what must lie on the axis.
    ///   - hasZero: whether the axis begins at zero.
    init(_ values: [Double], hasZero: Bool, ticksMax: Int = 7) {
        let finite = values.filter(\.isFinite)
        let least = hasZero ? min(0, finite.min() ?? 0) : finite.min() ?? 0
        let most = max(finite.max() ?? 1, least)
        let span = most > least ? most - least : max(abs(most), 1)
        // Heckbert (Graphics Gems, 1990): 1, 2 or 5 times a power of ten, the least that gives few enough ticks.
        let raw = span / Double(max(ticksMax - 1, 1))
        let power = pow(10, floor(log10(raw)))
        step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= raw * 0.999_999 } ?? 10 * power
        low = floor(least / step + 1e-9) * step
        high = max(ceil(most / step - 1e-9) * step, low + step)
        let (low, step) = (low, step)
        ticks = (0...Int(((high - low) / step).rounded())).map { low + Double($0) * step }
    }

    /// 0 at the axis' beginning, 1 at its end.
    func share(_ value: Double) -> Double { (value - low) / (high - low) }

    func label(_ value: Double) -> String {
        if step >= 1 {
            return abs(value) >= 10_000 ? HumanFormat.count(value) : HumanFormat.grouped(Int(value.rounded()))
        }
        return HumanFormat.fixed(value, digits: max(0, Int(-floor(log10(step) + 1e-9))))
    }
}
