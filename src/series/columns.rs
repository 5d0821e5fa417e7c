//! Tables too long to be held, written column by column in batches of rows: CSV, or Parquet by the file's name.

use super::{label, number};
use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// A column's name and what it holds.
pub type ColumnKind<'a> = (&'a str, Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Whole,
    Real,
    Text,
}

/// A stretch of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    Whole(Vec<i64>),
    /// A missing value is NaN.
    Real(Vec<f64>),
    Text(Vec<String>),
}

impl Cells {
    pub fn len(&self) -> usize {
        match self {
            Cells::Whole(values) => values.len(),
            Cells::Real(values) => values.len(),
            Cells::Text(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Parquet,
}

impl Format {
    /// By the file's ending; CSV unless it is `.parquet`.
    pub fn of(path: &Path) -> Format {
        match path.extension() {
            Some(ending) if ending.eq_ignore_ascii_case("parquet") => Format::Parquet,
            _ => Format::Csv,
        }
    }
}

/// A file of columns that is being written.
pub enum ColumnFile<'w> {
    Csv(Box<csv::Writer<&'w mut (dyn Write + Send)>>),
    Parquet(Box<SerializedFileWriter<&'w mut (dyn Write + Send)>>),
}

impl<'w> ColumnFile<'w> {
    pub fn new(out: &'w mut (dyn Write + Send), format: Format, columns: &[ColumnKind]) -> io::Result<Self> {
        match format {
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(columns.iter().map(|(name, _)| label(name).into_owned()))?;
                Ok(ColumnFile::Csv(Box::new(writer)))
            }
            Format::Parquet => {
                let field = |(name, kind): &ColumnKind| {
                    let (physical, converted) = match kind {
                        Kind::Whole => (Physical::INT64, ConvertedType::NONE),
                        Kind::Real => (Physical::DOUBLE, ConvertedType::NONE),
                        Kind::Text => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
                    };
                    let builder = Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
                    builder.with_converted_type(converted).build().map(Arc::new)
                };
                let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>().map_err(failed)?;
                let schema = Type::group_type_builder("table").with_fields(fields).build().map_err(failed)?;
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
                Ok(ColumnFile::Parquet(Box::new(writer.map_err(failed)?)))
            }
        }
    }

    /// Writes rows: a stretch of equal length for each column.
    pub fn write(&mut self, columns: &[Cells]) -> io::Result<()> {
        let rows = columns.first().map_or(0, Cells::len);
        match self {
            ColumnFile::Csv(writer) => {
                for row in 0..rows {
                    for cells in columns {
                        match cells {
                            Cells::Whole(values) => writer.write_field(values[row].to_string())?,
                            Cells::Real(values) => writer.write_field(number(values[row]))?,
                            Cells::Text(values) => writer.write_field(label(&values[row]).as_bytes())?,
                        }
                    }
                    writer.write_record(None::<&[u8]>)?;
                }
                Ok(())
            }
            ColumnFile::Parquet(writer) => group(writer, columns).map_err(failed),
        }
    }

    /// Writes what a reader needs at the end.
    pub fn finish(self) -> io::Result<()> {
        match self {
            ColumnFile::Csv(mut writer) => writer.flush(),
            ColumnFile::Parquet(writer) => writer.close().map(|_| ()).map_err(failed),
        }
    }
}

fn group<W: Write + Send>(file: &mut SerializedFileWriter<W>, columns: &[Cells]) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    for cells in columns {
        let Some(mut column) = group.next_column()? else { break };
        match cells {
            Cells::Whole(values) => column.typed::<Int64Type>().write_batch(values, None, None)?,
            Cells::Real(values) => column.typed::<DoubleType>().write_batch(values, None, None)?,
            Cells::Text(values) => {
                let texts: Vec<ByteArray> = values.iter().map(|text| ByteArray::from(text.as_str())).collect();
                column.typed::<ByteArrayType>().write_batch(&texts, None, None)?
            }
        };
        column.close()?;
    }
    group.close()?;
    Ok(())
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other.to_string()),
        },
        other => io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    fn written(format: Format) -> Vec<u8> {
        let mut bytes = Vec::new();
        let columns = [("member", Kind::Whole), ("a \"quoted\" name[x,y]", Kind::Real), ("why", Kind::Text)];
        let mut file = ColumnFile::new(&mut bytes, format, &columns).unwrap();
        for k in 0..2 {
            let values = vec![0.1 + f64::from(k), f64::NAN];
            let texts = vec![String::new(), "step, too small".to_owned()];
            file.write(&[Cells::Whole(vec![i64::from(k), 7]), Cells::Real(values), Cells::Text(texts)]).unwrap();
        }
        file.finish().unwrap();
        bytes
    }

    #[test]
    fn csv_is_quoted_and_blank_where_nothing_is_known() {
        assert_eq!(
            String::from_utf8(written(Format::Csv)).unwrap(),
            "member,\"a \"\"quoted\"\" name[x,y]\",why\n0,0.1,\n7,,\"step, too small\"\n1,1.1,\n7,,\"step, too small\"\n"
        );
    }

    #[test]
    fn parquet_reads_back() {
        let path = std::env::temp_dir().join(format!("levada-columns-{}.parquet", std::process::id()));
        std::fs::write(&path, written(Format::Parquet)).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        std::fs::remove_file(&path).unwrap();
        let rows: Vec<(i64, f64, String)> = (reader.get_row_iter(None).unwrap())
            .map(|row| {
                let row = row.unwrap();
                (row.get_long(0).unwrap(), row.get_double(1).unwrap(), row.get_string(2).unwrap().clone())
            })
            .collect();
        assert_eq!(
            (rows.len(), rows[0].clone(), rows[2].clone()),
            (4, (0, 0.1, String::new()), (1, 1.1, String::new()))
        );
        assert!(rows[1].1.is_nan() && rows[1].2 == "step, too small");
        let schema = reader.metadata().file_metadata().schema().get_fields();
        assert_eq!(schema[1].name(), "a \"quoted\" name[x,y]");
    }

    #[test]
    fn the_ending_decides() {
        let formats = ["a.csv", "b.PARQUET", "c"].map(|name| Format::of(Path::new(name)));
        assert_eq!(formats, [Format::Csv, Format::Parquet, Format::Csv]);
    }
}
