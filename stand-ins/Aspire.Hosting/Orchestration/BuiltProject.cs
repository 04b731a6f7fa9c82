using System.Runtime.InteropServices;
using System.Xml;
using System.Xml.Linq;

namespace Aspire.Hosting.Orchestration;

/// <summary>Where a project's build put the program.</summary>
internal sealed record BuiltProject(string Directory, string Command, IReadOnlyList<string> Arguments)
{
    private static readonly string OwnFramework = $"net{Environment.Version.Major}.{Environment.Version.Minor}";

    /// <exception cref="DistributedApplicationException">
    /// It is not there; the message says what to do.
    /// </exception>
    public static BuiltProject Find(string path, string configuration)
    {
        var file = ProjectFile(path);
        var folder = Path.GetDirectoryName(file)!;
        var (assembly, framework) = Read(file);
        var output = Path.Combine(folder, "bin", configuration, framework ?? OwnFramework);
        var library = Path.Combine(output, assembly + ".dll");
        if (!File.Exists(library))
        {
            throw new DistributedApplicationException(
                $"its project is not built: '{library}' is missing. Build it with `dotnet build \"{file}\""
                + $"{(configuration == "Debug" ? "" : " -c " + configuration)}`.");
        }

        var program = Path.Combine(output, assembly);
        return ChildProcess.IsExecutable(program)
            ? new(folder, program, [])
            : new(folder, DotnetProgram(), ["exec", library]);
    }

    /// <summary>The runtime that runs the application host also runs its projects.</summary>
    public static string DotnetRoot =>
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    private static string DotnetProgram()
    {
        var beside = Path.Combine(DotnetRoot, "dotnet");
        return File.Exists(beside) ? beside : "dotnet";
    }

    private static string ProjectFile(string path)
    {
        if (File.Exists(path)) return path;
        var files = System.IO.Directory.Exists(path) ? System.IO.Directory.GetFiles(path, "*.csproj") : [];
        return files.Length == 1
            ? files[0] : throw new DistributedApplicationException($"the project '{path}' does not exist.");
    }

    private static (string Assembly, string? Framework) Read(string file)
    {
        try
        {
            var project = XDocument.Load(file);
            return (Property("AssemblyName") ?? Path.GetFileNameWithoutExtension(file), Property("TargetFramework"));

            // A value made of other properties would take a whole build to know.
            string? Property(string name) => project.Descendants()
                .LastOrDefault(each => each.Name.LocalName == name)?.Value.Trim() is { Length: > 0 } value
                && !value.Contains("$(", StringComparison.Ordinal) ? value : null;
        }
        catch (XmlException wrong)
        {
            throw new DistributedApplicationException($"the project '{file}' cannot be read: {wrong.Message}", wrong);
        }
    }
}
