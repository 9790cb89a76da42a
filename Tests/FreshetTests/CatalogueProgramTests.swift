import Foundation
import Kafka
import Testing

extension ProgramTests {
    /// The catalogue's topic on a real Kafka.
    @Suite struct CatalogueProgramTests {
        private let shop: ProgramShop

        init() throws { shop = try ProgramShop() }

        private func send(_ key: String, _ value: String) throws {
            let producer = try Producer(["bootstrap.servers": shop.cluster.bootstrap, "partitioner": "murmur2_random"])
            try Array(key.utf8).withUnsafeBytes { key in
                try Array(value.utf8).withUnsafeBytes { value in
                    _ = try producer.send(producer.topic("items"), key: key, value: value)
                }
            }
            try producer.flush(timeoutMilliseconds: 10_000)
        }

        /// A broken record is kept with its place, and goes back to the catalogue, not to the events.
        @Test func brokenRecordsAreKeptAndDrivenBack() throws {
            try shop.send(100, from: 0)
            try send("p1", #"{"title":"One"}"#)
            try send("p2", #"{"title":"#)
            let port = try LoopbackHTTP.freePort()
            let service = try shop.program.start(["serve", "--http", "127.0.0.1:\(port)"])
            try shop.wait("a letter", seconds: 60) { try shop.records("events.dead-letter").count == 1 }
            let letter = try #require(try shop.records("events.dead-letter").first)
            #expect(letter.key == "p2" && letter.value == Array(#"{"title":"#.utf8))
            #expect(letter.headers["freshet.reason"] == "malformed-json" && letter.headers["freshet.topic"] == "items")
            let source = try #require(try shop.records("items").first { $0.key == "p2" })
            #expect(letter.headers["freshet.partition"] == "\(source.partition)")
            #expect(letter.headers["freshet.offset"] == "\(source.offset)")
            try shop.wait("it is counted") {
                LoopbackHTTP.get("/metrics", port: port)?
                    .contains(#"freshet_catalogue_rejected_total{reason="malformed-json"} 1"#) == true
            }
            #expect(try shop.check(["dlq", "redrive"]).output.contains("1 letter driven back"))
            let again = try shop.records("items").filter { $0.key == "p2" }
            #expect(again.count == 2 && again.allSatisfy { $0.partition == source.partition })
            #expect(again.last?.headers["freshet.redriven"] == "1")
            #expect(try shop.records("events").count == 100)
            try shop.wait("the letter comes back") { try shop.records("events.dead-letter").count == 2 }
            try shop.stop(service)
            #expect(try shop.check(["state", "items", "p1"]).output.contains("One"))
        }
    }
}
