import Events
import Foundation

/// Any JSON value, read by Foundation in full: it checks numbers and strings only when they are asked for.
enum JSONValue: Decodable {
    case null, bool(Bool), string(String), int(Int64), unsigned(UInt64), double(Double), container

    init(from decoder: any Decoder) throws {
        if let keyed = try? decoder.container(keyedBy: AnyKey.self) {
            for key in keyed.allKeys { _ = try keyed.decode(JSONValue.self, forKey: key) }
            self = .container
            return
        }
        if var unkeyed = try? decoder.unkeyedContainer() {
            while !unkeyed.isAtEnd { _ = try unkeyed.decode(JSONValue.self) }
            self = .container
            return
        }
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self = .null
        } else if let value = try? single.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? single.decode(Int64.self) {
            self = .int(value)
        } else if let value = try? single.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? single.decode(Double.self) {
            self = .double(value)
        } else {
            self = .string(try single.decode(String.self))
        }
    }

    struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// The event that Foundation's decoder and straightforward code make of the same bytes.
enum FoundationReference {
    static let types = [
        "view": EventType.view, "cart": .cart, "purchase": .purchase, "remove_from_cart": .removeFromCart,
        "user_deleted": .userDeleted, "pv": .view, "buy": .purchase,
    ]

    /// Nil when the event must be rejected.
    static func decode(_ bytes: [UInt8]) -> Decoded? {
        guard let top = try? JSONDecoder().decode([String: JSONValue].self, from: Data(bytes)) else { return nil }
        guard case .string(let name)? = top["event_type"], let type = types[name] else { return nil }
        guard let user = id(top["user_id"] ?? top["userid"]), !user.isEmpty, user.utf8.count <= 256 else { return nil }
        var item = ""
        if type != .userDeleted {
            guard let found = id(top["product_id"]), !found.isEmpty, found.utf8.count <= 256 else { return nil }
            item = found
        }
        guard let time = time(top["event_time"]) else { return nil }
        // A key that lost its underscore is an alias.
        let category = top["category_id"] ?? top["categoryid"]
        let others = ["event_id", "user_session", "category_code", "brand"].map { id(top[$0]) ?? "" }
        let optional = [others[0], others[1], id(category) ?? "", others[2], others[3]]
        if optional.contains(where: { $0.utf8.count > 256 }) { return nil }
        var event = Decoded(ShopEvent())
        (event.type, event.time, event.user, event.item) = (type, time, user, item)
        (event.eventID, event.session, event.categoryID) = (optional[0], optional[1], optional[2])
        (event.categoryCode, event.brand, event.price) = (optional[3], optional[4], price(top["price"]))
        return event
    }

    static func id(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text): text
        case .int(let number): "\(number)"
        case .unsigned(let number): "\(number)"
        default: nil
        }
    }

    static func price(_ value: JSONValue?) -> Double? {
        let number: Double?
        switch value {
        case .string(let text): number = (try? JSONDecoder().decode(Double.self, from: Data(text.utf8)))
        case .int(let whole): number = Double(whole)
        case .unsigned(let whole): number = Double(whole)
        case .double(let double): number = double
        default: number = nil
        }
        return number.flatMap { $0 >= 0 && $0 <= 1e12 ? $0 : nil }
    }

    /// Times have a test of their own; here it matters that the right bytes reach them.
    static func time(_ value: JSONValue?) -> Int64? {
        let text: String
        switch value {
        case .string(let string): text = string
        case .int(let number): text = "\(number)"
        case .unsigned(let number): text = "\(number)"
        case .double(let number): text = "\(number)"
        default: return nil
        }
        return Array(text.utf8).withUnsafeBytes { EventTime.milliseconds($0) }
    }
}
