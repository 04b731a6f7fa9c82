namespace Billing.Architecture.Tests;

/// <summary>The files of the repository as they lie on the disk, without what builds and tools put there.</summary>
internal static class Tree
{
    private static readonly string[] NotOurs = [".git", ".billing", ".vs", ".idea", "bin", "obj", "node_modules", "TestResults"];

    private static readonly string[] Binary = [".png", ".ico", ".woff2", ".pdf", ".dll", ".so", ".jpg", ".gz", ".zip"];

    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Paths from the root, with slashes.</summary>
    public static IReadOnlyList<string> Paths { get; } =
        [.. FilesIn(new DirectoryInfo(Root)).Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'))];

    public static IReadOnlyList<Source> Texts { get; } = [.. Paths
        .Where(path => !Binary.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
        .Where(path => !path.Contains(".received.", StringComparison.Ordinal))
        .Select(path => new Source(path, File.ReadAllText(Path.Combine(Root, path))))];

    public static IEnumerable<Source> In(params string[] folders) =>
        Texts.Where(file => folders.Any(folder => file.Path.StartsWith(folder + "/", StringComparison.Ordinal)));

    /// <summary>What ships: its code has the strictest rules.</summary>
    public static IEnumerable<Source> ProductCode => CSharp(In("services", "ServiceDefaults", "contracts", "AppHost"));

    public static IEnumerable<Source> CSharp(IEnumerable<Source> files) =>
        files.Where(file => file.Path.EndsWith(".cs", StringComparison.Ordinal));

    private static string FindRoot(string folder) =>
        File.Exists(Path.Combine(folder, "Billing.sln"))
            ? folder
            : FindRoot(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("No Billing.sln above."));

    private static IEnumerable<FileInfo> FilesIn(DirectoryInfo folder) => folder.EnumerateFiles()
        .Concat(folder.EnumerateDirectories()
            .Where(inner => !NotOurs.Contains(inner.Name) && inner.LinkTarget is null)
            .SelectMany(FilesIn));
}

internal sealed record Source(string Path, string Text)
{
    public string Name => System.IO.Path.GetFileName(Path);

    public IEnumerable<(int Number, string Text)> Lines =>
        Text.Split('\n').Select((line, index) => (index + 1, line.TrimEnd('\r')));
}

/// <summary>A place where a rule is broken.</summary>
internal sealed record Finding(string Path, int Line, string What)
{
    public override string ToString() => $"{Path}:{Line}: {What}";
}
