import Foundation
import Pipeline

/// A list as it stands in a record of `recommendations` (`Config/schemas/list.schema.json`), as far as people look at it.
struct PublishedList: Decodable, Equatable {
    struct Item: Decodable, Equatable {
        let product: String
        let score: Double
        let reason: String
        let category: String?
        let price: Double?

        enum CodingKeys: String, CodingKey {
            case product = "product_id"
            case category = "category_id"
            case score, reason, price
        }
    }

    let user: String
    let time: String
    let items: [Item]
    let ownItems: [Item]?
    let provenance: ListProvenance

    enum CodingKeys: String, CodingKey {
        case user = "user_id"
        case time = "event_time"
        case ownItems = "continue_shopping"
        case items, provenance
    }

    /// What a list's reason means to the person who sees it.
    static func meaning(ofReason reason: String) -> String {
        switch reason {
        case "viewed-next": "others looked at it next"
        case "similar": "goes with what you saw"
        case "for-you": "fits your taste"
        case "popular-in-category": "popular in its category"
        case "popular": "popular"
        case "exploration": "something new"
        case "viewed": "you looked at it"
        case "in-cart": "in your cart"
        default: reason
        }
    }
}

/// Where an item stands compared with the list before.
enum Move: Equatable {
    case new
    case up(Int)
    case down(Int)
    case same

    /// The moves of the items of a list, in its order; nil where there was no list before.
    static func moves(from old: [String]?, to new: [String]) -> [Move?] {
        guard let old else { return new.map { _ in nil } }
        var places: [String: Int] = [:]
        for (place, item) in old.enumerated() { places[item] = place }
        return new.enumerated().map { place, item in
            guard let before = places[item] else { return .new }
            return before == place ? .same : before > place ? .up(before - place) : .down(place - before)
        }
    }

    var text: String {
        switch self {
        case .new: "new"
        case .up(let places): "▲\(places)"
        case .down(let places): "▼\(places)"
        case .same: "·"
        }
    }
}
