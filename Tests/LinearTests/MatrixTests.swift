import Linear
import Testing

struct MatrixTests {
    @Test func rowsArePaddedWithZerosAndAligned() {
        let matrix = Matrix([[1, 2, 3], [4, 5, 6]])
        #expect(matrix.stride == 16)
        #expect(matrix.row(1)[2] == 6)
        #expect((3..<16).allSatisfy { matrix.row(0)[$0] == 0 && matrix.row(1)[$0] == 0 })
        #expect(Int(bitPattern: matrix.row(1)) % 64 == 0)
    }

    @Test func aCopyDoesNotSeeLaterWrites() {
        var matrix = Matrix(rows: 2, columns: 2)
        let copy = matrix
        matrix[0, 0] = 7
        #expect(matrix[0, 0] == 7 && copy[0, 0] == 0)
    }

    @Test func emptyMatricesExist() {
        #expect(Matrix(rows: 0, columns: 5).gram().rows == 5)
        #expect(Matrix([]).columns == 0)
    }
}
