import Linear
import Testing

@testable import Models

@Suite struct PairedBootstrapTests {
    @Test func tellsADifferenceFromNone() {
        let clear = (0..<200).map { (sum: $0 % 5 == 0 ? 0.0 : -0.1, cases: 1) }
        let interval = PairedBootstrap().interval(clear)
        #expect(abs(interval.mean + 0.08) < 1e-12 && interval.low < interval.mean && interval.high < -0.07)
        let none = (0..<200).map { (sum: $0 % 2 == 0 ? 0.1 : -0.1, cases: 1) }
        let wide = PairedBootstrap().interval(none)
        #expect(wide.low < 0 && wide.high > 0)
        #expect(PairedBootstrap().interval(none) == wide)
        #expect(PairedBootstrap().interval([]) == PairedInterval())
    }

    /// The normal approximation of the mean of independent values.
    @Test func agreesWithTheStandardError() {
        var random = RandomStream(seed: 5)
        let values = (0..<400).map { _ in (sum: random.normal(), cases: 1) }
        let interval = PairedBootstrap().interval(values)
        let mean = values.reduce(0) { $0 + $1.sum } / 400
        let deviation = (values.reduce(0) { $0 + ($1.sum - mean) * ($1.sum - mean) } / 400 / 400).squareRoot()
        #expect(abs((interval.high - interval.low) / (2 * 1.96 * deviation) - 1) < 0.1)
    }

    /// Cases of one user that are all alike count as one.
    @Test func drawsUsers() {
        let few = (0..<10).map { (sum: $0 % 2 == 0 ? 20.0 : -20.0, cases: 20) }
        let many = (0..<200).map { (sum: $0 % 2 == 0 ? 1.0 : -1.0, cases: 1) }
        let (a, b) = (PairedBootstrap().interval(few), PairedBootstrap().interval(many))
        #expect(a.high - a.low > 3 * (b.high - b.low))
    }

    /// However clear the cases of a few users are, others may differ.
    @Test(arguments: [1, 2, 9, 10]) func fewUsersProveNothing(users: Int) {
        for difference in [0.5, -0.5] {
            let interval = PairedBootstrap().interval((0..<users).map { _ in (sum: 40 * difference, cases: 40) })
            #expect(interval.mean == difference && interval.isSignificant == (users >= 10))
        }
    }
}
