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
        let rekeyer = Rekeyer(log: log, typeNames: .standard, commitIntervalMilliseconds: 0, clock: { 0 })
        for _ in 0..<4 { try rekeyer.step(timeoutMilliseconds: 0) }
        try rekeyer.settle(timeoutMilliseconds: 1000)
        #expect(log.written.map { $0.key.map { String(decoding: $0, as: UTF8.self) } } == ["u9", "u9", "kept"])
        #expect(log.written.last?.value == Array("not json".utf8))
        #expect(log.committed == [0: 3])
        #expect(!rekeyer.hasUncommitted)
        #expect(rekeyer.records == 3)
    }
}
