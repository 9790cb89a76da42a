import Testing

@testable import Kafka

@Suite struct ImpatienceTests {
    private let start = ContinuousClock.now

    /// Each question may take 50 ms of whoever asks: soon at first, then one a second.
    @Test func whoWaitsAsksSeldomWhereItDoesNotHelp() {
        var impatience = Impatience(start)
        let asked = (0..<3000).filter { impatience.isDue(start + .milliseconds($0 * 10)) }
        #expect(asked.prefix(4) == [1, 2, 3, 103])
        #expect(asked.count < 35)
        impatience.end()
        let isDue = impatience.isDue(start + .seconds(100))
        #expect(!isDue)
    }
}
