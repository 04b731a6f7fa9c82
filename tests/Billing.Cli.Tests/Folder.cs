namespace Billing.Cli.Tests;

/// <summary>A temporary folder that goes with the test.</summary>
internal sealed class Folder : IDisposable
{
    public Folder(string name = "billing cli ") => Path = Directory.CreateTempSubdirectory(name).FullName;

    public string Path { get; }

    public string Of(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public string Write(string name, string text)
    {
        var path = Of(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);

        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
