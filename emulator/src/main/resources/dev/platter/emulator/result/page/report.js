
for (const button of document.querySelectorAll('button[data-json]')) {
  button.hidden = false;
  button.addEventListener('click', () => {
    const text = document.getElementById(button.dataset.json).textContent;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], {type: 'application/json'}));
    link.download = button.dataset.name;
    link.click();
    // The browser reads it when it gets round to it.
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });
}
