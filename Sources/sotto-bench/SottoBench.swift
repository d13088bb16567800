@main
struct SottoBench {
    static func main() {}
}
