@main
struct Freshet {
    static func main() {
        print("freshet")
    }
}
