using ClawMesh.Edge.Train;
using ClawMesh.Edge.Train.Series;

// From the repository's root:  ClawMesh.Edge.Train            trains and writes the model and its page
//                              ClawMesh.Edge.Train try A=1,B=2 C=3   one training per argument with other settings; writes nothing
string repository = Directory.GetCurrentDirectory();
if (!File.Exists(Path.Combine(repository, "Makefile")))
{
    Console.Error.WriteLine($"Nothing was trained. '{repository}' is not the root of the repository. Run 'make train' there.");
    return 2;
}

if (FieldCsv.Find(repository) is not { } file)
{
    Console.Error.WriteLine("Nothing was trained. There is no soil-moisture/farm-1.csv under $CLAWMESH_DATA or ../shared/data. It is a part of the data set at doi.org/10.17632/8x4v7yy3ds.1; name its folder in CLAWMESH_DATA.");
    return 1;
}

if (args is ["try", ..]) SoilWaterTraining.Try(file, args.AsSpan(1));
else SoilWaterTraining.Ship(file, repository);
return 0;
