import Events
import ServiceKit

/// Makes the demo's story of a data file: its first part happened before, the rest is played evenly.
struct FileStory {
    var path: String
    var format: DataFormat?
    /// The most events that are read.
    var events: Int
    var liveSeconds = 40.0

    func make() throws -> DemoStory {
        let file = try EventFile(path, format: format)
        var reading = Reading()
        try file.forEach { event, record in
            reading.add(event, record)
            return reading.events.count < events
        }
        guard reading.events.count >= 100 else {
            throw CommandFailure(
                "\(path) holds \(HumanFormat.counted(reading.events.count, "event")), too few for a demo", exitCode: 65)
        }
        // Stable, so that what happened in one second stays in the file's order.
        var all = reading.events.enumerated().sorted { ($0.1.time, $0.0) < ($1.1.time, $1.0) }.map(\.1)
        let pastCount = Int(Double(all.count) * DemoStory.pastShare)
        var left = [Int](repeating: 0, count: reading.users.names.count)
        for index in all.indices.reversed() {
            all[index].looksLeft = left[all[index].user]
            left[all[index].user] += 1
            if index >= pastCount {
                all[index].due = Double(index - pastCount) / Double(all.count - pastCount) * liveSeconds
            }
        }
        let users = reading.users.names
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return DemoStory(
            title: "\(name) (\(file.format.rawValue)): \(HumanFormat.grouped(reading.items.names.count)) products, "
                + "\(HumanFormat.grouped(users.count)) shoppers",
            users: users, items: reading.labels, events: all, pastCount: pastCount)
    }

    private struct Names {
        var names: [String] = []
        var places: [String: Int] = [:]

        mutating func place(_ bytes: UnsafeRawBufferPointer) -> Int {
            let name = String(decoding: bytes, as: UTF8.self)
            if let known = places[name] { return known }
            places[name] = names.count
            names.append(name)
            return names.count - 1
        }
    }

    private struct Reading {
        var users = Names()
        var items = Names()
        var labels: [DemoLabel] = []
        var events: [DemoEvent] = []

        mutating func add(_ event: ShopEvent, _ record: DataRecord) {
            guard event.type.touchesItem else { return }
            let item = items.place(event.item)
            if item == labels.count { labels.append(Self.label(items.names[item], event)) }
            var value: [UInt8] = []
            record.appendValue(to: &value)
            events.append(
                DemoEvent(
                    user: users.place(event.user), item: item, type: event.type, time: event.time, due: -1,
                    looksLeft: 0,
                    key: Array(event.user), value: value))
        }

        /// Data sets have no names of products: brand, the end of the category's code and the id make one.
        private static func label(_ id: String, _ event: ShopEvent) -> DemoLabel {
            let code = String(decoding: event.categoryCode, as: UTF8.self)
            let kind = code.split(separator: ".").last.map { String($0).replacing("_", with: " ") }
            let brand = String(decoding: event.brand, as: UTF8.self)
            let words = [brand, kind ?? "", id].filter { !$0.isEmpty }
            let category = code.isEmpty ? String(decoding: event.categoryID, as: UTF8.self) : code
            return DemoLabel(
                id: id, name: words.joined(separator: " "), category: category,
                price: event.hasPrice ? event.price : nil)
        }
    }
}
