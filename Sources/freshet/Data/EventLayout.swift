internal import Events
internal import Foundation

/// How `freshet data convert` writes an event.
enum EventLayout: String, CaseIterable {
    /// One JSON event a line.
    case jsonl
    /// Comma-separated, with REES46's header.
    case rees46
    /// A user and its items, numbers with spaces between them (LightGCN, RecZoo).
    case lines

    /// Why a layout has no place for an event.
    enum Misfit: String, CaseIterable {
        case erasure = "they erase a user, which this layout cannot say (jsonl can)"
        case lineBreak = "they hold a line break, which this layout cannot hold (jsonl can)"
    }

    /// The file's first line.
    var header: String {
        guard self == .rees46 else { return "" }
        return "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
    }

    func misfit(_ event: ShopEvent) -> Misfit? {
        guard self != .jsonl else { return nil }
        guard event.type.touchesItem else { return .erasure }
        let texts = [event.item, event.categoryID, event.categoryCode, event.brand, event.user, event.session]
        return texts.contains { $0.contains(where: Self.breaksLines) } ? .lineBreak : nil
    }

    static func breaksLines(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    /// One line.
    func append(_ event: ShopEvent, to bytes: inout [UInt8]) {
        guard self != .rees46 else { return Self.appendRow(event, to: &bytes) }
        EventEncoder.append(event, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// One row under REES46's header.
    private static func appendRow(_ event: ShopEvent, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: time(event.time).utf8)
        for cell in [
            Array(event.type.name.utf8)[...], event.item[...], event.categoryID[...], event.categoryCode[...],
            event.brand[...],
        ] as [any Collection<UInt8>] { appendCell(cell, &bytes) }
        appendCell(event.hasPrice ? Array("\(event.price)".utf8) : [], &bytes)
        appendCell(event.user[...], &bytes)
        appendCell(event.session[...], &bytes)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A comma and the cell, in quotes where it needs them (RFC 4180).
    private static func appendCell(_ cell: any Collection<UInt8>, _ bytes: inout [UInt8]) {
        let cell = Array(cell)
        bytes.append(UInt8(ascii: ","))
        guard cell.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") }) else {
            bytes.append(contentsOf: cell)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in cell {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// `2019-10-01 00:00:01 UTC`, as REES46 has it; with thousandths of a second where there are any.
    static func time(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let text = String(
            format: "%04d-%02d-%02d %02d:%02d:%02d", Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1,
            Int(parts.tm_mday), Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec))
        let rest = milliseconds % 1000
        return rest == 0 ? text + " UTC" : text + String(format: ".%03d", Int(rest)) + "Z"
    }
}
