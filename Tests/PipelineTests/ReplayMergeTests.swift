import Events
import Models
import Testing

@testable import Pipeline

/// In which order a replay takes the records of several partitions.
struct ReplayMergeTests {
    private final class Reading: TopicReading {
        let partitions: [[ListReader.Entry]]

        init(_ partitions: [[ListReader.Entry]]) { self.partitions = partitions }

        func partitions(_ topic: LogTopic) throws(LogError) -> [Int32] { (0..<Int32(partitions.count)).map { $0 } }

        func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
            ListReader(topic, partition, from: offset) { [partitions] in partitions[Int(partition)] }
        }
    }

    private func view(
        _ user: String, _ item: String, brand: String, time: Int64, timestamp: Int64
    ) -> ListReader.Entry {
        let value =
            "{\"event_time\":\(time),\"event_type\":\"view\",\"user_id\":\"\(user)\",\"product_id\":\"\(item)\","
            + "\"brand\":\"\(brand)\"}"
        return ListReader.Entry(user, value, timestamp: timestamp)
    }

    private func replay(_ partitions: [[ListReader.Entry]]) throws -> Replay {
        let ranges = partitions.enumerated().map {
            Replay.Range(partition: Int32($0.offset), from: 0, end: Int64($0.element.count))
        }
        let replay = try Replay(
            settings: WorkerSettings(), ranges: ranges, requiresKey: true, reading: Reading(partitions))
        while try replay.advance(10) {}
        return replay
    }

    /// An event that is later than its record counts from the record's time on: so it is merged, too.
    @Test func aClampedEventIsMergedByTheTimeThatItIsLearntAt() throws {
        let time: Int64 = 1_569_888_000_000
        let found = try replay([
            [view("a", "i", brand: "first", time: time + 2000, timestamp: time)],
            [view("b", "i", brand: "second", time: time, timestamp: time)],
        ])
        let table = found.items.table
        let item = try #require(table.identifiers.find("i"))
        #expect(table.words.text(table.attributes(item).brand) == "second" && table.latestTime == time)
    }

    /// One that may not be learnt holds nothing back: its time is not believed.
    @Test func aRefusedEventTakesItsPredecessorsTime() throws {
        let time: Int64 = 1_569_888_000_000
        let found = try replay([
            [
                view("x", "i", brand: "refused", time: time + 86_400_000, timestamp: time),
                view("a", "i", brand: "first", time: time, timestamp: time),
            ],
            [view("b", "i", brand: "second", time: time, timestamp: time)],
        ])
        #expect(found.counters.rejected == 1 && found.counters.events == 2)
        let item = try #require(found.items.table.identifiers.find("i"))
        #expect(found.items.table.words.text(found.items.table.attributes(item).brand) == "second")
    }
}
