import Testing

@testable import Kafka

@Suite struct PassingErrorTests {
    private let start = ContinuousClock.now

    /// An outage of minutes is said once for each kind of error, however often a client tries.
    @Test func anErrorIsSaidWhenItBegins() {
        var errors = PassingErrors()
        let (down, refused) = (KafkaError.Code(rawValue: -187), KafkaError.Code(rawValue: -195))
        func said(_ codes: [KafkaError.Code], _ seconds: some Sequence<Int>) -> [Bool] {
            seconds.flatMap { second in codes.map { errors.begins($0, now: start + .seconds(second)) } }
        }
        #expect(said([down, refused], [0]) == [true, true])
        #expect(said([down], stride(from: 2, through: 600, by: 2)).allSatisfy { !$0 })
        // Gone for a while, it begins anew.
        #expect(said([down, refused], [620]) == [false, true])
        #expect(said([down, refused], [700]) == [true, true])
    }
}
