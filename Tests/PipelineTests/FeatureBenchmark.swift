import Events
import Foundation
import Models
import Testing

@testable import Pipeline

/// Times of rows in a shop of 50,000 items and 4,000 users with 50 interactions each, printed; only where FRESHET_BENCH
/// is set: `FRESHET_BENCH=1 swift test -c release -Xswiftc -enable-testing --filter FeatureBenchmark`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["FRESHET_BENCH"] != nil), .serialized)
struct FeatureBenchmark {
    @Test func rows() throws {
        let shop = SmallShop()
        var stream = SampleStream(seed: 1)
        stream.users = 4000
        stream.items = 50_000
        stream.withIDs = false
        stream.withDeletes = false
        for index in 0..<200_000 {
            shop.apply(stream.next())
            if index % 1000 == 999 { try shop.closeBlock() }
        }
        let writer = ByteWriter(capacity: 1 << 16)
        let users = shop.users
        let builder = UserFeatureBuilder()
        let history = users.reduce(0) { $0 + shop.store[$1].entries.count } / users.count
        let count = 100_000
        time("user row, \(history) items a history", count, writer) { index in
            let user = users[index % users.count]
            builder.write(
                user: shop.store.identifiers.bytes(user), state: shop.store[user], table: shop.items.table, to: writer)
        }
        let items = (0..<UInt32(shop.items.table.upperBound)).filter { shop.items.table.attributes($0).isLive }
        let itemBuilder = ItemFeatureBuilder()
        time("item row", count, writer) { index in
            itemBuilder.write(item: items[index % items.count], fold: shop.items, to: writer)
        }
        let related = RelatedItems()
        let blend = BlendSettings().sequential
        shop.items.table.covisitation.setTargetExponent(blend.targetExponent)
        let neighbours = items.reduce(0) { $0 + shop.items.table.covisitation.neighbourCount($1) } / items.count
        time("related row, \(neighbours) neighbours an item", count, writer) { index in
            related.write(item: items[index % items.count], fold: shop.items, blend: blend, to: writer)
        }
        let full = items.filter { shop.items.table.covisitation.neighbourCount($0) >= 96 }
        time("related row, 96 neighbours or more", count, writer) { index in
            related.write(item: full[index % full.count], fold: shop.items, blend: blend, to: writer)
        }
    }

    private func time(_ name: String, _ count: Int, _ writer: ByteWriter, _ body: (Int) -> Void) {
        var best = Double.infinity
        var bytes = 0
        for _ in 0..<3 {
            bytes = 0
            let start = cpuSeconds()
            for index in 0..<count {
                writer.removeAll()
                body(index)
                bytes += writer.count
            }
            best = min(best, cpuSeconds() - start)
        }
        print("\(name): \(best / Double(count) * 1e6) µs a row of \(bytes / count) bytes")
    }

    /// Of this thread, so that whatever else runs on the machine counts less.
    private func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
