import Events
import Pipeline
import Testing

@Suite struct RekeyTests {
    @Test func everyRecordGoesOnUnderItsUser() throws {
        let log = MemoryEventLog()
        let event = #"{"event_time":1700000000,"event_type":"view","product_id":"p1","user_id":"u9"}"#
        log.produce(key: "session-4", event)
        log.produce(key: "u9", event)
        log.produce(key: "kept", "not json")
        let rekeyer = makeRekeyer(log)
        for _ in 0..<4 { try rekeyer.step(timeoutMilliseconds: 0) }
        try rekeyer.settle(timeoutMilliseconds: 1000)
        #expect(log.written.map { $0.key.map { String(decoding: $0, as: UTF8.self) } } == ["u9", "u9", "kept"])
        #expect(log.written.last?.value == Array("not json".utf8))
        #expect(log.committed == [0: 3])
        #expect(!rekeyer.hasUncommitted)
        #expect(rekeyer.records == 3)
    }

    private func makeRekeyer(_ log: MemoryEventLog, publishes: Bool = true) -> Rekeyer {
        Rekeyer(
            log: log, inputTopic: "clicks", typeNames: .standard, publishes: publishes, commitIntervalMilliseconds: 0,
            clock: { 0 })
    }

    /// What the internal topic does not take stops nothing, and is kept: by a deployment beside another one, which keeps it
    /// already, in a counter only.
    @Test(arguments: [true, false]) func recordsThatAreTooLargeAreKept(publishes: Bool) throws {
        let log = MemoryEventLog()
        log.limits = [.rekeyed: 200]
        let event = #"{"event_time":1700000000,"event_type":"view","product_id":"p1","user_id":"u9"}"#
        let large = event.dropLast() + #","note":"\#(String(repeating: "x", count: 200))"}"#
        log.produce(key: "", String(large))
        log.produce(key: "", event)
        let rekeyer = makeRekeyer(log, publishes: publishes)
        for _ in 0..<4 { try rekeyer.step(timeoutMilliseconds: 0) }
        try rekeyer.settle(timeoutMilliseconds: 1000)
        #expect(log.committed == [0: 2] && rekeyer.tooLarge == 1)
        guard publishes else {
            #expect(log.written.map(\.topic) == [.rekeyed])
            return
        }
        #expect(log.written.map(\.topic) == [.deadLetters, .rekeyed])
        let letter = try #require(log.written.first)
        #expect(letter.value == Array(large.utf8))
        #expect(letter.headers["freshet.reason"] == "too-large" && letter.headers["freshet.topic"] == "clicks")
        #expect(letter.headers["freshet.offset"] == "0")
    }
}
