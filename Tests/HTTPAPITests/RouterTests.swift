import Testing

@testable import HTTPAPI

@Suite struct RouterTests {
    let router: Router

    init() {
        var router = Router()
        router.on("GET", "/") { _ in .json(["at": "root"]) }
        router.on("GET", "/users/{user}/lists/{list}") { _ in .json([:]) }
        router.on("POST", "/users/{user}") { _ in .json([:]) }
        self.router = router
    }

    func describe(_ method: String, _ path: String) -> String {
        switch router.match(method: method, path: Array(path.utf8)) {
        case .route(_, let parameters): parameters.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        case .wrongMethod(let allowed): "405 " + allowed.joined(separator: ",")
        case .notFound: "404"
        case .malformed: "400"
        }
    }

    @Test(arguments: [
        ("GET", "/", ""), ("GET", "/users/a/lists/b", "user=a,list=b"), ("HEAD", "/users/a/lists/b", "user=a,list=b"),
        ("GET", "/users/a%2Fb%20c/lists/%C3%A9", "user=a/b c,list=é"), ("GET", "/users/a+b/lists/x", "user=a+b,list=x"),
        ("GET", "/users/%/lists/b", "400"), ("GET", "/users/%ff/lists/b", "400"), ("GET", "/users//lists/b", "404"),
        ("GET", "/users/a/lists", "404"), ("GET", "/users/a/lists/b/c", "404"), ("GET", "/users/a/lists/b/", "404"),
        ("GET", "*", "404"), ("GET", "", "404"), ("GET", "/users/a", "405 POST"), ("DELETE", "/", "405 GET,HEAD"),
        ("POST", "/users/a%00b", "user=a\0b"),
    ])
    func pathsFindTheirRoutes(method: String, path: String, expected: String) {
        #expect(describe(method, path) == expected)
    }

    @Test func textsBecomeJSON() {
        #expect(
            String(decoding: HTTPResponse.error(404, "x", "y").body, as: UTF8.self)
                == "{\"error\":\"x\",\"message\":\"y\"}\n")
    }

    @Test func addressesAreRead() throws {
        #expect(try ListenAddress("127.0.0.1:80") == ListenAddress(host: "127.0.0.1", port: 80))
        #expect(try ListenAddress(":8080") == ListenAddress(host: "", port: 8_080))
        #expect(try ListenAddress("[::1]:0").description == "[::1]:0")
        for text in ["", "localhost", "localhost:", "h:99999", "::1:80", "h:-1"] {
            #expect(throws: HTTPServerError.self, "\(text)") { try ListenAddress(text) }
        }
    }
}
