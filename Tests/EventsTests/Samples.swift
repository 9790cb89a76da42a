/// A small seeded generator (Steele, Lea, Flood 2014), so that every run tests the same cases.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

/// Generated input.
enum Samples {
    static let codes = ["", "electronics.smartphone", "appliances.environment.water_heater", "computers.notebook"]
    static let brands = ["", "apple", "samsung", "lenovo", "shiseido", "wörwag"]
    static let types = ["view", "view", "view", "view", "cart", "purchase", "remove_from_cart"]

    /// One event as `json.dumps` of a row of REES46's file would write it.
    /// - Parameter spaced: with a space behind colons and commas.
    static func rees46(_ random: inout SplitMix, spaced: Bool) -> String {
        func digits(_ count: Int, _ random: inout SplitMix) -> String {
            "\(Int.random(in: 1...9, using: &random))"
                + (1..<count).map { _ in "\(Int.random(in: 0...9, using: &random))" }.joined()
        }
        func two(_ range: ClosedRange<Int>, _ random: inout SplitMix) -> String {
            let value = Int.random(in: range, using: &random)
            return value < 10 ? "0\(value)" : "\(value)"
        }
        let time =
            "2019-10-\(two(1...31, &random)) \(two(0...23, &random)):\(two(0...59, &random)):"
            + "\(two(0...59, &random)) UTC"
        var fields = [
            ("event_time", "\"\(time)\""), ("event_type", "\"\(types.randomElement(using: &random)!)\""),
            ("product_id", "\"\(digits(8, &random))\""), ("category_id", "\"20\(digits(17, &random))\""),
        ]
        let code = codes.randomElement(using: &random)!
        if !code.isEmpty { fields.append(("category_code", "\"\(code)\"")) }
        let brand = brands.randomElement(using: &random)!
        if !brand.isEmpty { fields.append(("brand", "\"\(brand)\"")) }
        fields.append(("price", "\(Int.random(in: 1...2000, using: &random)).\(two(0...99, &random))"))
        fields.append(("user_id", "\"5\(digits(8, &random))\""))
        let session = (0..<32).map { _ in String("0123456789abcdef".randomElement(using: &random)!) }.joined()
        let dashed = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { range in
            String(session.dropFirst(range.lowerBound).prefix(range.count))
        }
        fields.append(("user_session", "\"\(dashed.joined(separator: "-"))\""))
        let space = spaced ? " " : ""
        return "{" + fields.map { "\"\($0.0)\":\(space)\($0.1)" }.joined(separator: ",\(space)") + "}"
    }
}
