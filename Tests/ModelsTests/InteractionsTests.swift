import Models
import Testing

struct InteractionsTests {
    @Test func pairsInAnyOrderBecomeSortedRows() {
        let pairs: [(row: Int32, column: Int32, weight: Float)] = [
            (2, 1, 1), (0, 3, 4), (2, 0, 2), (0, 3, 1), (0, 1, 3),
        ]
        let sum = Interactions(rows: 4, columns: 5, pairs: pairs)
        #expect(sum.offsets == [0, 2, 2, 4, 4])
        #expect(sum.indices == [1, 3, 0, 1])
        #expect(sum.weights == [3, 5, 2, 1])
        let max = Interactions(rows: 4, columns: 5, pairs: pairs.reversed(), merge: .max)
        #expect(max.indices == sum.indices && max.weights == [3, 4, 2, 1])
    }

    @Test func transposingTwiceIsTheSame() {
        let data = planted(users: 40, items: 30, seed: 3)
        let turned = data.transposed()
        #expect(turned.rows == 30 && turned.columns == 40 && turned.count == data.count)
        let again = turned.transposed()
        #expect(again.offsets == data.offsets && again.indices == data.indices && again.weights == data.weights)
        for item in 0..<30 {
            let users = turned.indices[turned.range(of: item)]
            #expect(users.allSatisfy { data.indices[data.range(of: Int($0))].contains(Int32(item)) })
        }
    }
}

/// Users who like items of their own kind (their number's parity), now and then another.
func planted(users: Int, items: Int, seed: UInt64) -> Interactions {
    var state = seed
    var pairs: [(row: Int32, column: Int32, weight: Float)] = []
    for user in 0..<users {
        for item in 0..<items {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let chance = user % 2 == item % 2 ? 0.5 : 0.05
            if Double(state >> 11) * 0x1p-53 < chance { pairs.append((Int32(user), Int32(item), 1 + Float(item % 3))) }
        }
    }
    return Interactions(rows: users, columns: items, pairs: pairs)
}
