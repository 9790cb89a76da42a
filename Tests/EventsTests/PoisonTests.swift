import Events
import Testing

/// Records that must become dead letters, by the code that they get.
struct PoisonTests {
    static let time = "1569888000000"

    static func event(
        time: String = time, type: String = #""view""#, item: String = #""1""#, user: String = #""p""#
    ) -> String {
        #"{"event_time":\#(time),"event_type":\#(type),"product_id":\#(item),"user_id":\#(user)}"#
    }

    static let poison: [([UInt8], RejectionCode)] = [
        ([], .emptyValue), (Array("{".utf8), .malformedJSON), ([0xFF, 0xFE, 0x00], .notUTF8),
        (Array("[]".utf8), .notAnObject), (Array("null".utf8), .notAnObject), (Array("17".utf8), .notAnObject),
        (Array(#""view""#.utf8), .notAnObject), (Array(#"{"event_type":"view"}"#.utf8), .missingUser),
        (Array(String(repeating: #"{"a":"#, count: 5000).utf8), .tooDeep),
        (Array("\"".utf8) + [UInt8](repeating: 0x78, count: 900_000) + Array("\"".utf8), .notAnObject),
        (Array((event() + " trailing").utf8), .malformedJSON), (Array(event().utf8.dropLast()), .malformedJSON),
        (Array(event(item: #""""#).utf8), .missingItem), (Array(event(user: #""""#).utf8), .missingUser),
        (Array(event(item: "null").utf8), .missingItem), (Array(event(time: #""yesterday""#).utf8), .badTime),
        (Array(event(time: "1e300").utf8), .badTime), (Array(event(time: "-5").utf8), .badTime),
        (Array(event(type: #""teleport""#).utf8), .unknownType), (Array(event(item: #"{"a":1}"#).utf8), .badItem),
        (Array(event(item: #""\ud800""#).utf8), .malformedJSON),
        (Array(#"{"event_time":1569888000000,"product_id":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8), .notUTF8),
    ]

    @Test func everyKindIsRejectedWithItsCode() {
        let decoder = EventDecoder()
        for (bytes, code) in Self.poison {
            let name = String(decoding: bytes.prefix(60), as: UTF8.self)
            switch decoder.decode(bytes) {
            case .success(let event): Issue.record("\(name) was accepted: \(event)")
            case .failure(let rejection):
                #expect(rejection.code == code, "\(name)")
                #expect(!rejection.detail.isEmpty)
            }
        }
        #expect(decoder.code(Self.event()) == nil)
    }

    @Test func everyCodeHasAMeaningAndAStableName() {
        #expect(Set(RejectionCode.allCases.map(\.meaning)).count == RejectionCode.allCases.count)
        for code in RejectionCode.allCases {
            #expect(code.rawValue.allSatisfy { $0.isLowercase || $0 == "-" || $0 == "8" })
        }
    }

    /// The two kinds of poison that need the record: another user's key, and a time far after the record's own.
    @Test func admissionChecksKeyAndRecordTime() {
        let decoder = EventDecoder()
        let admission = EventAdmission(futureBoundMilliseconds: 1000)
        var event = ShopEvent()
        func admit(_ key: String, recordTime: Int64) -> (RejectionCode?, Int64) {
            Array(Self.event().utf8).withUnsafeBytes { bytes in
                #expect(decoder.decode(bytes, into: &event) == nil)
            }
            let rejection = Array(key.utf8).withUnsafeBytes {
                admission.admit(&event, key: $0, recordTime: recordTime)
            }
            return (rejection?.code, event.time)
        }
        let time: Int64 = 1_569_888_000_000
        #expect(admit("p", recordTime: time) == (nil, time))
        #expect(admit("p", recordTime: time + 5) == (nil, time))
        #expect(admit("p", recordTime: time - 1000) == (nil, time - 1000))
        #expect(admit("p", recordTime: time - 1001).0 == .futureTime)
        #expect(admit("p", recordTime: -1) == (nil, time))
        #expect(admit("q", recordTime: time).0 == .wrongKey)
        #expect(admit("", recordTime: time).0 == .wrongKey)
    }
}
